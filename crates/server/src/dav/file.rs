//! An open file: read, written where it is, or replaced by what comes in.

use std::fmt;
use std::io::SeekFrom;

use axum::body::Bytes;
use bytes::Buf;
use dav_server::fs::{DavFile, DavMetaData, FsError, FsFuture, FsResult};
use tarbox_fs::{FilesystemInterface as _, Handle};
use tarbox_store::{Attr, WriteAt};

use super::meta::{Meta, error};
use super::place::refused;
use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::upload::Incoming;

pub(super) struct Open<D: Backend> {
    how: How<D>,
    attr: Option<Attr>,
}

enum How<D: Backend> {
    /// The file has its old content until all of the new one is there.
    Replacing(Option<Box<Incoming<D>>>),
    /// At a position, as it comes.
    Direct { file: Held<D>, position: u64 },
}

/// A handle, closed when nobody needs it any more.
struct Held<D: Backend> {
    app: App<D>,
    caller: Caller<D::Store>,
    handle: Handle,
}

impl<D: Backend> Drop for Held<D> {
    fn drop(&mut self) {
        let (files, handle) = (self.caller.files.clone(), self.handle);
        // Nobody waits for it; where there is no runtime any more, everything is closed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { drop(files.fs.release(handle).await) });
        }
    }
}

impl<D: Backend> fmt::Debug for Open<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open")
            .field("attr", &self.attr)
            .finish_non_exhaustive()
    }
}

impl<D: Backend> Open<D> {
    pub(super) fn replacing(incoming: Incoming<D>) -> Self {
        Self {
            how: How::Replacing(Some(Box::new(incoming))),
            attr: None,
        }
    }

    pub(super) fn direct(app: App<D>, caller: Caller<D::Store>, handle: Handle, attr: Attr) -> Self {
        Self {
            how: How::Direct {
                file: Held { app, caller, handle },
                position: 0,
            },
            attr: Some(attr),
        }
    }

    async fn write(&mut self, bytes: Bytes) -> FsResult<()> {
        match &mut self.how {
            How::Replacing(incoming) => {
                let mut coming = incoming.take().ok_or(FsError::GeneralFailure)?;
                coming.push(bytes.into()).await.map_err(|e| refused(&e))?;
                *incoming = Some(coming);
            }
            How::Direct { file, position } => {
                let (files, handle) = (file.caller.files.clone(), file.handle);
                let (at, len) = (WriteAt::Offset(*position), bytes.len() as u64);
                let write = async move || {
                    let written = files.fs.write(handle, at, &bytes).await;
                    let ino = files.fs.handle(handle)?.ino;
                    Ok((written, files.fs.getattr(ino).await?))
                };
                let (written, attr) = file.app.work(write).await.map_err(|e| refused(&e))?;
                written.map_err(|e| error(&e))?;
                *position = position.checked_add(len).ok_or(FsError::TooLarge)?;
                self.attr = Some(attr);
            }
        }
        Ok(())
    }

    async fn read(&mut self, count: usize) -> FsResult<Bytes> {
        let How::Direct { file, position } = &mut self.how else {
            return Err(FsError::Forbidden);
        };
        let mut buffer = vec![0; count];
        let read = file.caller.files.fs.read(file.handle, *position, &mut buffer);
        let len = read.await.map_err(|e| error(&e))?;
        buffer.truncate(len);
        *position += len as u64;
        Ok(buffer.into())
    }

    async fn seek_to(&mut self, to: SeekFrom) -> FsResult<u64> {
        let size = self.attr.as_ref().map_or(0, |attr| attr.size);
        let How::Direct { position, .. } = &mut self.how else {
            return Err(FsError::Forbidden);
        };
        let found = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => size.checked_add_signed(by),
            SeekFrom::Current(by) => position.checked_add_signed(by),
        };
        *position = found.ok_or(FsError::TooLarge)?;
        Ok(*position)
    }

    async fn settle(&mut self) -> FsResult<()> {
        if let How::Replacing(incoming) = &mut self.how
            && let Some(incoming) = incoming.take()
        {
            self.attr = Some(incoming.finish().await.map_err(|e| refused(&e))?.attr);
        }
        Ok(())
    }
}

impl<D: Backend> DavFile for Open<D> {
    fn metadata(&'_ mut self) -> FsFuture<'_, Box<dyn DavMetaData>> {
        let attr = self.attr.ok_or(FsError::NotImplemented);
        let meta = attr.map(|attr| Box::new(Meta(attr)) as Box<dyn DavMetaData>);
        Box::pin(std::future::ready(meta))
    }

    fn write_buf(&'_ mut self, mut buf: Box<dyn Buf + Send>) -> FsFuture<'_, ()> {
        let bytes = buf.copy_to_bytes(buf.remaining());
        Box::pin(self.write(bytes))
    }

    fn write_bytes(&'_ mut self, buf: Bytes) -> FsFuture<'_, ()> {
        Box::pin(self.write(buf))
    }

    fn read_bytes(&'_ mut self, count: usize) -> FsFuture<'_, Bytes> {
        Box::pin(self.read(count))
    }

    fn seek(&'_ mut self, pos: SeekFrom) -> FsFuture<'_, u64> {
        Box::pin(self.seek_to(pos))
    }

    fn flush(&'_ mut self) -> FsFuture<'_, ()> {
        Box::pin(self.settle())
    }
}
