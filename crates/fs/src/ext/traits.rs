//! The extension trait.

use std::future::Future;

use tarbox_store::{Attr, DirEntry, Error, ErrorKind, MaybeSend, RenameMode, Result, Seq, SetAttr, Unlink};

use super::{Walk, copy, open, tree, whole};
use crate::interface::{Credentials, FilesystemInterface, Handle, NewNode, OpenFlags};
use crate::path::{Follow, LastComponent, Parent, PathAt, Resolver, resolve};
use crate::watch::Watch;

/// Operations on paths, for every [`FilesystemInterface`].
///
/// A path is text or bytes that begin at the root, or an [`At::path`](crate::At::path) that begins elsewhere or is
/// confined. Each operation takes the steps that a process would take with system calls: it is as atomic as they are.
///
/// # Errors
/// Everything that names a path can be `NotFound`, `NotDirectory`, `Access`, `Loop` (after 40 symbolic links),
/// `NameTooLong` (a name over 255 bytes, a path over 4096), `Invalid` (NUL), and `NotPermitted` if the path leads out
/// of what it is confined to; then what the operation on the inode says.
pub trait FilesystemExt: FilesystemInterface + Sized {
    /// What a path leads to.
    fn resolve<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
        follow: Follow,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        resolve(self, who, path.into(), follow)
    }

    /// The directory that holds, or would hold, the last component of a path. It is not looked up.
    fn resolve_parent<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Parent<'a>>> + MaybeSend {
        let path = path.into();
        async move { Resolver::new(self, who, path.at).parent(path.path).await }
    }

    /// The attributes of what a path leads to.
    fn stat<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        resolve(self, who, path.into(), Follow::Yes)
    }

    /// The attributes of what a path leads to, be it a symbolic link.
    fn lstat<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        resolve(self, who, path.into(), Follow::No)
    }

    /// Whether a path leads anywhere.
    fn exists<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<bool>> + MaybeSend {
        let path = path.into();
        async move {
            match resolve(self, who, path, Follow::Yes).await {
                Ok(_) => Ok(true),
                Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotDirectory) => Ok(false),
                Err(e) => Err(e),
            }
        }
    }

    /// `openat`: opens what a path leads to. With a mode (`O_CREAT`) a file that is not there is made, also where a
    /// dangling symbolic link leads.
    fn open_path<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
        flags: OpenFlags,
        create: Option<u32>,
    ) -> impl Future<Output = Result<(Attr, Handle)>> + MaybeSend {
        open::open_path(self, who, path.into(), flags, create)
    }

    /// The whole content of a file.
    fn read_file<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend {
        whole::read_file(self, who, path.into())
    }

    /// Replaces the content of a file, or makes it (mode 0666 less the umask). It has the old content until the new one,
    /// up to 16 MiB, is written in one step.
    fn write_file<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
        data: &'a [u8],
    ) -> impl Future<Output = Result<()>> + MaybeSend {
        whole::write_file(self, who, path.into(), data)
    }

    /// Appends to a file, or makes it (mode 0666 less the umask).
    fn append_file<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
        data: &'a [u8],
    ) -> impl Future<Output = Result<()>> + MaybeSend {
        whole::append_file(self, who, path.into(), data)
    }

    /// Makes what is no regular file: a directory, a symbolic link, a pipe; or a regular file, without opening it.
    fn make_node<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
        node: NewNode<'a>,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        let path = path.into();
        async move {
            let parent = Resolver::new(self, who, path.at).parent(path.path).await?;
            let result = match parent.last {
                LastComponent::Name
                    if parent.trailing_slash && !matches!(node, NewNode::Directory { .. }) =>
                {
                    let there = self.lookup(who, parent.dir, parent.name).await;
                    Err(there.map_or(ErrorKind::NotFound, |_| ErrorKind::Exists).into())
                }
                LastComponent::Name => self.make(who, parent.dir, parent.name, &node).await,
                _ => Err(ErrorKind::Exists.into()),
            };
            result.map_err(|e| e.about(path.path))
        }
    }

    /// Makes a directory (mode 0777 less the umask).
    fn create_dir<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        self.make_node(who, path, NewNode::Directory { mode: 0o777 })
    }

    /// Makes a directory and all that lead to it, as far as they are not there (mode 0777 less the umask).
    fn create_dir_all<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        tree::create_dir_all(self, who, path.into())
    }

    /// Makes a symbolic link that says `target`.
    fn symlink_path<'a>(
        &'a self,
        who: &'a Credentials,
        target: &'a [u8],
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        self.make_node(who, path, NewNode::Symlink { target })
    }

    /// What a symbolic link says.
    fn read_link<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend {
        let path = path.into();
        async move {
            let link = resolve(self, who, path, Follow::No).await?;
            self.readlink(link.ino).await.map_err(|e| e.about(path.path))
        }
    }

    /// Gives what `existing` leads to another name.
    fn hard_link<'a>(
        &'a self,
        who: &'a Credentials,
        existing: impl Into<PathAt<'a>>,
        new: impl Into<PathAt<'a>>,
        follow: Follow,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        let (existing, new) = (existing.into(), new.into());
        async move {
            let inode = resolve(self, who, existing, follow).await?;
            let parent = Resolver::new(self, who, new.at).parent(new.path).await?;
            let result = match parent.last {
                LastComponent::Name if !parent.trailing_slash => {
                    self.link(who, inode.ino, parent.dir, parent.name).await
                }
                LastComponent::Name => {
                    let there = self.lookup(who, parent.dir, parent.name).await;
                    Err(there.map_or(ErrorKind::NotFound, |_| ErrorKind::Exists).into())
                }
                _ => Err(ErrorKind::Exists.into()),
            };
            result.map_err(|e| e.about(new.path))
        }
    }

    /// All entries of a directory, in the order of their cookies.
    fn read_dir<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Vec<DirEntry>>> + MaybeSend {
        whole::read_dir(self, who, path.into())
    }

    /// Changes attributes of what a path leads to.
    fn set_attr<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
        set: &'a SetAttr,
        follow: Follow,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        let path = path.into();
        async move {
            let attr = resolve(self, who, path, follow).await?;
            self.setattr(who, attr.ino, set)
                .await
                .map_err(|e| e.about(path.path))
        }
    }

    /// Removes a name that is not a directory's.
    fn remove_file<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<()>> + MaybeSend {
        tree::remove(self, who, path.into(), Unlink::File)
    }

    /// Removes an empty directory.
    fn remove_dir<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<()>> + MaybeSend {
        tree::remove(self, who, path.into(), Unlink::Directory)
    }

    /// Removes a directory with everything in it, however deep; a symbolic link or file just goes.
    fn remove_dir_all<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<()>> + MaybeSend {
        tree::remove_all(self, who, path.into())
    }

    /// Moves what one path names to another.
    fn rename_path<'a>(
        &'a self,
        who: &'a Credentials,
        from: impl Into<PathAt<'a>>,
        to: impl Into<PathAt<'a>>,
        mode: RenameMode,
    ) -> impl Future<Output = Result<()>> + MaybeSend {
        let (from, to) = (from.into(), to.into());
        async move {
            let old = Resolver::new(self, who, from.at).parent(from.path).await?;
            let new = Resolver::new(self, who, to.at).parent(to.path).await?;
            if old.last != LastComponent::Name || new.last != LastComponent::Name {
                let exists = mode == RenameMode::NoReplace && old.last == LastComponent::Name;
                let kind = if exists {
                    ErrorKind::Exists
                } else {
                    ErrorKind::Busy
                };
                return Err(Error::new(kind).about(from.path));
            }
            if old.trailing_slash || new.trailing_slash {
                let attr = self
                    .lookup(who, old.dir, old.name)
                    .await
                    .map_err(|e| e.about(from.path))?;
                if !attr.is_dir() {
                    return Err(Error::new(ErrorKind::NotDirectory).about(from.path));
                }
            }
            self.rename(who, (old.dir, old.name), (new.dir, new.name), mode)
                .await
                .map_err(|e| e.about(from.path))
        }
    }

    /// Copies the content of one file to another, which is made or replaced and takes the permission bits less the
    /// umask. Answers the bytes. Whole blocks are shared, so it costs no more for a large file.
    fn copy<'a>(
        &'a self,
        who: &'a Credentials,
        from: impl Into<PathAt<'a>>,
        to: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<u64>> + MaybeSend {
        copy::copy(self, who, from.into(), to.into())
    }

    /// Copies whatever a path leads to: a directory with all that is in it, into one that is there or is made; a symbolic
    /// link as one; a file as [`copy`](Self::copy) does. Permission bits are kept, less the umask. Answers the bytes. A
    /// copy that fails leaves what it has made until then.
    ///
    /// # Errors
    /// `Invalid` if the target is in the source.
    fn copy_tree<'a>(
        &'a self,
        who: &'a Credentials,
        from: impl Into<PathAt<'a>>,
        to: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<u64>> + MaybeSend {
        copy::copy_tree(self, who, from.into(), to.into())
    }

    /// Watches an absolute path (which need not exist) and all below it, from `after` on, or from now on. Paths are
    /// compared as text: `.`, `..` and symbolic links in it are not resolved.
    ///
    /// What is told is not filtered by permission: a way in that serves users who must not know each other's files
    /// keeps this to itself.
    fn watch<'a>(
        &'a self,
        path: &'a [u8],
        after: Option<Seq>,
    ) -> impl Future<Output = Result<Watch<'a, Self>>> + MaybeSend {
        async move {
            let after = match after {
                Some(seq) => seq,
                None => self.last_change().await?,
            };
            Ok(Watch::new(self, path, after))
        }
    }

    /// Goes through everything below a directory, depth first, a directory before and after what is in it; nothing is held
    /// in memory but one page of entries for each level, and nothing open. Symbolic links are not followed.
    fn walk_tree<'a>(
        &'a self,
        who: &'a Credentials,
        path: impl Into<PathAt<'a>>,
    ) -> impl Future<Output = Result<Walk<'a, Self>>> + MaybeSend {
        let path = path.into();
        async move {
            let start = resolve(self, who, path, Follow::Yes).await?;
            Ok(Walk::new(self, who, start))
        }
    }
}

impl<F: FilesystemInterface> FilesystemExt for F {}
