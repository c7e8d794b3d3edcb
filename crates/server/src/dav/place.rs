//! A tenant's files as the tree that WebDAV shows.

use std::sync::{Arc, PoisonError};

use dav_server::davpath::DavPath;
use dav_server::fs::{
    DavDirEntry, DavFile, DavFileSystem, DavMetaData, DavProp, FsError, FsFuture, FsResult, FsStream,
    OpenOptions, ReadDirMeta,
};
use futures_util::stream;
use http::StatusCode;
use tarbox_fs::{FilesystemExt as _, Follow, NewNode, OpenFlags};
use tarbox_store::{Attr, RenameMode, Store as _};

use super::file::Open;
use super::meta::{Entry, Meta, error};
use super::props;
use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::conditions::Conditions;
use crate::location::Location;
use crate::problem::Problem;
use crate::upload::{Incoming, Upload};

/// Directories that lie in each other are listed to this depth: what works through a tree goes no further.
const DEPTH_MAX: usize = 128;

/// The files of a tenant, for one request.
pub(super) struct Tree<D: Backend> {
    app: App<D>,
    caller: Caller<D::Store>,
    conditions: Arc<Conditions>,
}

impl<D: Backend> Clone for Tree<D> {
    fn clone(&self) -> Self {
        Self {
            app: self.app.clone(),
            caller: self.caller.clone(),
            conditions: self.conditions.clone(),
        }
    }
}

impl<D: Backend> Tree<D> {
    pub(super) fn new(app: App<D>, caller: Caller<D::Store>, conditions: Arc<Conditions>) -> Self {
        Self {
            app,
            caller,
            conditions,
        }
    }

    async fn locate(&self, path: &DavPath) -> FsResult<Location> {
        let bytes = path.as_bytes();
        let bytes = match bytes.strip_suffix(b"/") {
            None | Some(b"") => bytes,
            Some(bytes) => bytes,
        };
        self.caller.locate(bytes).await.map_err(|e| refused(&e))
    }

    async fn stat(&self, path: &DavPath, follow: Follow) -> FsResult<Attr> {
        let location = self.locate(path).await?;
        let (fs, who) = (&self.caller.files.fs, &self.caller.who);
        fs.resolve(who, location.path(), follow)
            .await
            .map_err(|e| error(&e))
    }

    /// Makes a change on a thread of its own.
    async fn change<T, F>(&self, path: &DavPath, make: F) -> FsResult<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&Caller<D::Store>, &Location) -> tarbox_store::Result<T> + Send + 'static,
    {
        let location = self.locate(path).await?;
        let caller = self.caller.clone();
        let change = async move || {
            caller.refuse_control(&location).await?;
            let _shared = caller
                .files
                .conditional
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            Ok(make(&caller, &location).await)
        };
        let made = self.app.work(change).await.map_err(|e| refused(&e))?;
        made.map_err(|e| error(&e))
    }

    /// The same between two places.
    async fn change_two<T, F>(&self, from: &DavPath, to: &DavPath, make: F) -> FsResult<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&Caller<D::Store>, &Location, &Location) -> tarbox_store::Result<T> + Send + 'static,
    {
        let other = self.locate(to).await?;
        let make = async move |caller: &Caller<D::Store>, location: &Location| {
            if caller.refuse_control(&other).await.is_err() {
                return Err(tarbox_store::ErrorKind::NotPermitted.into());
            }
            make(caller, location, &other).await
        };
        self.change(from, make).await
    }

    async fn open_file(&self, path: &DavPath, options: OpenOptions) -> FsResult<Box<dyn DavFile>> {
        let location = self.locate(path).await?;
        if options.truncate && options.write {
            // Whether it can be written at all is said before the content comes.
            let (fs, who) = (&self.caller.files.fs, &self.caller.who);
            fs.resolve_parent(who, location.path())
                .await
                .map_err(|e| error(&e))?;
            let upload = Upload {
                app: self.app.clone(),
                caller: self.caller.clone(),
                location: Arc::new(location),
                conditions: self.conditions.clone(),
                mode: 0o666,
                durable: true,
            };
            upload.check().await.map_err(|e| refused(&e))?;
            return Ok(Box::new(Open::<D>::replacing(Incoming::new(upload))));
        }
        let flags = match (options.write || options.append, options.append) {
            (false, _) => OpenFlags::READ,
            (true, true) => OpenFlags::WRITE.appending(),
            (true, false) if options.create_new => OpenFlags::WRITE.exclusively(),
            (true, false) => OpenFlags::WRITE,
        };
        let caller = self.caller.clone();
        let open = async move || {
            if flags.write {
                caller.refuse_control(&location).await?;
            }
            let create = (options.create || options.create_new).then_some(0o666);
            let opened = caller
                .files
                .fs
                .open_path(&caller.who, location.path(), flags, create);
            Ok(opened.await)
        };
        let opened = self.app.work(open).await.map_err(|e| refused(&e))?;
        let (attr, handle) = opened.map_err(|e| error(&e))?;
        let open = Open::<D>::direct(self.app.clone(), self.caller.clone(), handle, attr);
        match attr.is_dir() {
            true => Err(FsError::Forbidden),
            false => Ok(Box::new(open)),
        }
    }

    async fn list(&self, path: &DavPath, meta: ReadDirMeta) -> FsResult<FsStream<Box<dyn DavDirEntry>>> {
        let names = path
            .as_bytes()
            .split(|b| *b == b'/')
            .filter(|name| !name.is_empty());
        if names.count() > DEPTH_MAX {
            return Err(FsError::LoopDetected);
        }
        let location = self.locate(path).await?;
        let caller = self.caller.clone();
        let list = async move || {
            let (fs, who) = (&caller.files.fs, &caller.who);
            let mut entries = fs.read_dir(who, location.path()).await?;
            if meta != ReadDirMeta::DataSymlink {
                let dir = fs.stat(who, location.path()).await?;
                for entry in entries.iter_mut().filter(|entry| entry.attr.is_symlink()) {
                    let at = tarbox_fs::At {
                        dir: dir.ino,
                        ..location.path().at
                    };
                    // What leads nowhere is shown as what it is.
                    if let Ok(target) = fs.stat(who, at.path(&entry.name)).await {
                        entry.attr = target;
                    }
                }
            }
            Ok(entries)
        };
        let entries = self.app.work(list).await.map_err(|e| refused(&e))?;
        let entries = entries.into_iter().map(|entry| {
            let entry: Box<dyn DavDirEntry> = Box::new(Entry {
                name: entry.name,
                attr: entry.attr,
            });
            Ok(entry)
        });
        Ok(Box::pin(stream::iter(entries)))
    }
}

/// What the server itself refuses.
pub(super) fn refused(problem: &Problem) -> FsError {
    match problem.status() {
        StatusCode::NOT_FOUND => FsError::NotFound,
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => FsError::Forbidden,
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => FsError::Exists,
        StatusCode::INSUFFICIENT_STORAGE => FsError::InsufficientStorage,
        StatusCode::PAYLOAD_TOO_LARGE => FsError::TooLarge,
        _ => FsError::GeneralFailure,
    }
}

impl<D: Backend> DavFileSystem for Tree<D> {
    fn open<'a>(&'a self, path: &'a DavPath, options: OpenOptions) -> FsFuture<'a, Box<dyn DavFile>> {
        Box::pin(self.open_file(path, options))
    }

    fn read_dir<'a>(
        &'a self,
        path: &'a DavPath,
        meta: ReadDirMeta,
    ) -> FsFuture<'a, FsStream<Box<dyn DavDirEntry>>> {
        Box::pin(self.list(path, meta))
    }

    fn metadata<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, Box<dyn DavMetaData>> {
        Box::pin(async move {
            let attr = self.stat(path, Follow::Yes).await?;
            Ok(Box::new(Meta(attr)) as Box<dyn DavMetaData>)
        })
    }

    fn symlink_metadata<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, Box<dyn DavMetaData>> {
        Box::pin(async move {
            let attr = self.stat(path, Follow::No).await?;
            Ok(Box::new(Meta(attr)) as Box<dyn DavMetaData>)
        })
    }

    fn create_dir<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(self.change(path, async |caller, location| {
            let new = NewNode::Directory { mode: 0o777 };
            let made = caller.files.fs.make_node(&caller.who, location.path(), new);
            made.await.map(drop)
        }))
    }

    fn remove_dir<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(self.change(path, async |caller, location| {
            caller.files.fs.remove_dir(&caller.who, location.path()).await
        }))
    }

    fn remove_file<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(self.change(path, async |caller, location| {
            caller.files.fs.remove_file(&caller.who, location.path()).await
        }))
    }

    fn rename<'a>(&'a self, from: &'a DavPath, to: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(self.change_two(from, to, async |caller, from, to| {
            let (fs, who) = (&caller.files.fs, &caller.who);
            fs.rename_path(who, from.path(), to.path(), RenameMode::Replace)
                .await
        }))
    }

    fn copy<'a>(&'a self, from: &'a DavPath, to: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(self.change_two(from, to, async |caller, from, to| {
            let (fs, who) = (&caller.files.fs, &caller.who);
            fs.copy(who, from.path(), to.path()).await?;
            props::copy(fs, who, from.path(), to.path()).await
        }))
    }

    fn have_props<'a>(&'a self, _: &'a DavPath) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(std::future::ready(true))
    }

    fn patch_props<'a>(
        &'a self,
        path: &'a DavPath,
        patch: Vec<(bool, DavProp)>,
    ) -> FsFuture<'a, Vec<(StatusCode, DavProp)>> {
        Box::pin(self.change(path, async |caller, location| {
            let (fs, who) = (&caller.files.fs, &caller.who);
            let attr = fs.stat(who, location.path()).await?;
            props::patch(fs, who, attr.ino, patch).await
        }))
    }

    fn get_props<'a>(&'a self, path: &'a DavPath, do_content: bool) -> FsFuture<'a, Vec<DavProp>> {
        Box::pin(async move {
            let attr = self.stat(path, Follow::Yes).await?;
            let (fs, who) = (&self.caller.files.fs, &self.caller.who);
            props::all(fs, who, attr.ino, do_content)
                .await
                .map_err(|e| error(&e))
        })
    }

    fn get_prop<'a>(&'a self, path: &'a DavPath, prop: DavProp) -> FsFuture<'a, Vec<u8>> {
        Box::pin(async move {
            let attr = self.stat(path, Follow::Yes).await?;
            let (fs, who) = (&self.caller.files.fs, &self.caller.who);
            props::one(fs, who, attr.ino, &prop).await.map_err(|e| error(&e))
        })
    }

    fn get_quota(&'_ self) -> FsFuture<'_, (u64, Option<u64>)> {
        Box::pin(async move {
            let tenant = self.caller.files.fs.store().tenant().await;
            let tenant = tenant.map_err(|e| error(&e))?;
            Ok((tenant.usage.bytes, tenant.quota.bytes))
        })
    }
}
