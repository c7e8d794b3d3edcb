//! `openat`.

use std::borrow::Cow;

use tarbox_store::{Attr, Error, ErrorKind, Result};

use crate::interface::{Credentials, FilesystemInterface, Handle, OpenFlags};
use crate::path::{Follow, LastComponent, Parent, PathAt, Resolver};

pub(super) async fn open_path<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
    flags: OpenFlags,
    create: Option<u32>,
) -> Result<(Attr, Handle)> {
    let result = match create {
        Some(mode) if !flags.path_only => open_or_create(fs, who, path, flags, mode).await,
        _ => open_existing(fs, who, path, flags).await,
    };
    result.map_err(|e| e.about(path.path))
}

async fn open_existing<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
    flags: OpenFlags,
) -> Result<(Attr, Handle)> {
    let follow = if flags.no_follow { Follow::No } else { Follow::Yes };
    let attr = Resolver::new(fs, who, path.at).resolve(path.path, follow).await?;
    open_found(fs, who, attr, flags).await
}

/// Opens what was found; the attributes are as they are afterwards.
async fn open_found<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    attr: Attr,
    flags: OpenFlags,
) -> Result<(Attr, Handle)> {
    let handle = fs.open(who, attr.ino, flags).await?;
    if !flags.truncate || !attr.is_file() {
        return Ok((attr, handle));
    }
    match fs.getattr(attr.ino).await {
        Ok(attr) => Ok((attr, handle)),
        Err(e) => {
            fs.release(handle).await?;
            Err(e)
        }
    }
}

/// How often to begin again when others make and remove the file in between.
const ATTEMPTS: usize = 16;

async fn open_or_create<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
    flags: OpenFlags,
    mode: u32,
) -> Result<(Attr, Handle)> {
    if flags.directory {
        return Err(Error::new(ErrorKind::Invalid).because("a directory cannot be created by opening it"));
    }
    let mut result = try_open_or_create(fs, who, path, flags, mode).await;
    for _ in 1..ATTEMPTS {
        match result {
            // Seen missing, then made by another; or seen, then removed.
            Err(Attempt::Overtaken(_)) => result = try_open_or_create(fs, who, path, flags, mode).await,
            result => return result.map_err(Attempt::error),
        }
    }
    result.map_err(Attempt::error)
}

/// Why an attempt failed.
enum Attempt {
    /// For good.
    Failed(Error),
    /// Because of what someone else did in between.
    Overtaken(Error),
}

impl Attempt {
    fn error(self) -> Error {
        match self {
            Self::Failed(e) | Self::Overtaken(e) => e,
        }
    }
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

async fn try_open_or_create<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
    flags: OpenFlags,
    mode: u32,
) -> Result<(Attr, Handle), Attempt> {
    let overtaken = |by: ErrorKind| {
        move |e: Error| {
            if e.kind() == by {
                Attempt::Overtaken(e)
            } else {
                Attempt::Failed(e)
            }
        }
    };
    let mut resolver = Resolver::new(fs, who, path.at);
    let mut text = Cow::Borrowed(path.path);
    loop {
        let parent = resolver.parent(&text).await?;
        if parent.last != LastComponent::Name || parent.trailing_slash {
            return Err(slash_or_dots(fs, who, &parent, flags).await.into());
        }
        let link = match fs.lookup(who, parent.dir, parent.name).await {
            Ok(_) if flags.exclusive => return Err(Error::new(ErrorKind::Exists).into()),
            Ok(attr) if attr.is_symlink() && !flags.no_follow => attr,
            Ok(attr) if attr.is_dir() => return Err(Error::new(ErrorKind::IsDirectory).into()),
            Ok(attr) => {
                return open_found(fs, who, attr, flags)
                    .await
                    .map_err(overtaken(ErrorKind::NotFound));
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let created = fs.create(who, parent.dir, parent.name, mode, flags).await;
                return match flags.exclusive {
                    true => Ok(created?),
                    false => created.map_err(overtaken(ErrorKind::Exists)),
                };
            }
            Err(e) => return Err(e.into()),
        };
        resolver.count_link()?;
        text = Cow::Owned(fs.readlink(link.ino).await?);
    }
}

/// What `open(O_CREAT)` says of a path that ends in `.`, `..` or `/`.
async fn slash_or_dots<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    parent: &Parent<'_>,
    flags: OpenFlags,
) -> Error {
    if flags.exclusive && parent.last != LastComponent::Name {
        return ErrorKind::Exists.into();
    }
    match fs.lookup(who, parent.dir, parent.name).await {
        Ok(attr) if !attr.is_dir() && parent.last == LastComponent::Name => ErrorKind::NotDirectory.into(),
        _ => ErrorKind::IsDirectory.into(),
    }
}
