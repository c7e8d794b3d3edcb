//! Reading and writing through handles.

use std::sync::Arc;

use tarbox_store::{
    Access, Allocate, Attr, Cookie, DirEntry, DirName, Error, ErrorKind, Ino, Result, SeekTo, SetAttr, Store,
    View, WriteAt, Written,
};

use super::audit::Subject;
use super::{Fs, Hooks, Open, Place};
use crate::hooks::{self, Node};
use crate::interface::{Durability, Handle};

/// The largest offset and length of files.
const OFFSET_MAX: u64 = i64::MAX as u64;
/// What the store takes at once.
const PIECE: usize = 16 << 20;

impl<S: Store> Fs<S> {
    pub(super) async fn read_at(&self, handle: Handle, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        open.require_read()?;
        if open.is_dir() {
            return Err(ErrorKind::IsDirectory.into());
        }
        if offset > OFFSET_MAX {
            return Err(beyond("offset"));
        }
        let access = if open.flags.no_atime {
            Access::Quiet
        } else {
            Access::Touch
        };
        match open.place {
            Place::Real(ino) => self.store.read(View::Current, ino, offset, buffer, access).await,
            Place::Snapshot(layer, ino) => {
                self.store
                    .read(View::Layer(layer), ino, offset, buffer, Access::Quiet)
                    .await
            }
            Place::Hook(node) => self.read_hook(&open, node, offset, buffer).await,
        }
    }

    async fn read_hook(&self, open: &Open, node: Node, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let content = match open.kept_answer() {
            Some(answer) if offset > 0 || answer.to_write => answer.content,
            // Reading from the start again asks again.
            _ => {
                let content: Arc<[u8]> = self.hook_content(&open.who, node).await?.into();
                open.keep_answer(content.clone(), false);
                content
            }
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let len = buffer.len().min(content.len() - start);
        buffer[..len].copy_from_slice(&content[start..start + len]);
        Ok(len)
    }

    pub(super) async fn write_at(&self, handle: Handle, at: WriteAt, data: &[u8]) -> Result<Written> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        open.require_write()?;
        let result = self.write_open(&open, at, data).await;
        self.audited(
            &open.who,
            tarbox_store::Operation::Write,
            Subject::Inode(open.ino),
            result,
        )
        .await
    }

    async fn write_open(&self, open: &Open, at: WriteAt, data: &[u8]) -> Result<Written> {
        let ino = match open.place {
            Place::Real(ino) => ino,
            Place::Snapshot(..) => return Err(super::entries::read_only()),
            Place::Hook(node) => {
                let answer = self.hook_write(&open.who, node, data).await?;
                open.keep_answer(answer.into(), true);
                return Ok(Written {
                    offset: 0,
                    size: data.len() as u64,
                });
            }
        };
        let at = if open.flags.append { WriteAt::End } else { at };
        if let WriteAt::Offset(offset) = at {
            check_end(offset, data.len() as u64)?;
        }
        let clear_setid = !open.who.is_root();
        let mut pieces = data.chunks(PIECE);
        let first = pieces.next().unwrap_or_default();
        let mut written = self
            .store
            .write(&open.grounds().by(), ino, at, first, clear_setid)
            .await?;
        if !first.is_empty() {
            open.has_changed();
        }
        let mut next = written.offset + first.len() as u64;
        for piece in pieces {
            let at = if open.flags.append {
                WriteAt::End
            } else {
                WriteAt::Offset(next)
            };
            written.size = self
                .store
                .write(&open.grounds().by(), ino, at, piece, clear_setid)
                .await?
                .size;
            next += piece.len() as u64;
        }
        self.wait_for_device(open).await?;
        Ok(written)
    }

    /// Waits for the device where the handle was opened to do so.
    async fn wait_for_device(&self, open: &Open) -> Result<()> {
        match open.flags.durability {
            Durability::None => Ok(()),
            Durability::Data | Durability::Full => self.store.sync().await,
        }
    }

    pub(super) async fn truncate_open(&self, handle: Handle, size: u64) -> Result<Attr> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        if !open.flags.write {
            return Err(Error::new(ErrorKind::Invalid).because("it is not open for writing"));
        }
        if size > OFFSET_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let set = SetAttr {
            size: Some(size),
            clear_setid: !open.who.is_root(),
            ..SetAttr::default()
        };
        let result = match open.place {
            Place::Real(ino) => self.store.set_attr(&open.grounds().by(), ino, &set).await,
            Place::Snapshot(..) => Err(super::entries::read_only()),
            Place::Hook(node) => self.hook_attr(node).await,
        };
        let operation = tarbox_store::Operation::Truncate;
        let attr = self
            .audited(&open.who, operation, Subject::Inode(open.ino), result)
            .await?;
        open.has_changed();
        self.wait_for_device(&open).await?;
        Ok(attr)
    }

    pub(super) async fn allocate_open(
        &self,
        handle: Handle,
        how: Allocate,
        offset: u64,
        len: u64,
    ) -> Result<()> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        open.require_write()?;
        if len == 0 {
            return Err(Error::new(ErrorKind::Invalid).because("the range is empty"));
        }
        check_end(offset, len)?;
        let ino = self.require_stored(&open)?;
        let clear_setid = !open.who.is_root();
        let result = self
            .store
            .allocate(&open.grounds().by(), ino, how, offset, len, clear_setid)
            .await;
        let operation = tarbox_store::Operation::Allocate;
        self.audited(&open.who, operation, Subject::Inode(open.ino), result)
            .await?;
        open.has_changed();
        self.wait_for_device(&open).await
    }

    /// The inode of a regular file of the workspace.
    fn require_stored(&self, open: &Open) -> Result<Ino> {
        match open.place {
            Place::Real(ino) => Ok(ino),
            Place::Snapshot(..) => Err(super::entries::read_only()),
            Place::Hook(_) => Err(ErrorKind::Unsupported.into()),
        }
    }

    pub(super) async fn seek_open(&self, handle: Handle, offset: u64, to: SeekTo) -> Result<u64> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        if offset > OFFSET_MAX {
            return Err(ErrorKind::NoSuchAddress.into());
        }
        match open.place.in_store() {
            Some(_) if open.is_dir() => Err(ErrorKind::Invalid.into()),
            Some((view, ino)) => self.store.seek(view, ino, offset, to).await,
            None => Err(ErrorKind::Invalid.into()),
        }
    }

    pub(super) async fn copy_open(
        &self,
        source: (Handle, u64),
        target: (Handle, u64),
        len: u64,
    ) -> Result<u64> {
        let (from, to) = (self.open_handle(source.0)?, self.open_handle(target.0)?);
        from.require_content()?;
        to.require_content()?;
        if from.is_dir() || to.is_dir() {
            return Err(ErrorKind::IsDirectory.into());
        }
        from.require_read()?;
        to.require_write()?;
        if to.flags.append {
            return Err(Error::new(ErrorKind::BadHandle).because("the target is open for appending"));
        }
        let ino = self.require_stored(&to)?;
        let Some((view, from_ino)) = from.place.in_store() else {
            return Err(ErrorKind::Invalid.into());
        };
        let len = len.min(OFFSET_MAX);
        if from.place == to.place {
            self.refuse_overlap(ino, source.1, target.1, len).await?;
        }
        let result = self
            .store
            .copy_range(&to.grounds().by(), view, from_ino, source.1, ino, target.1, len)
            .await;
        let operation = tarbox_store::Operation::Write;
        let copied = self
            .audited(&to.who, operation, Subject::Inode(to.ino), result)
            .await?;
        if copied > 0 {
            to.has_changed();
        }
        self.wait_for_device(&to).await?;
        Ok(copied)
    }

    /// `Invalid` if the parts of one file overlap that lie before its end.
    async fn refuse_overlap(&self, ino: Ino, source: u64, target: u64, len: u64) -> Result<()> {
        let size = self.real_attr(ino).await?.size;
        match source.abs_diff(target) >= len.min(size.saturating_sub(source)) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Invalid).because("the ranges overlap")),
        }
    }

    pub(super) async fn list_open(
        &self,
        handle: Handle,
        after: Cookie,
        limit: usize,
    ) -> Result<Vec<DirEntry>> {
        match self.open_dir(handle)?.place {
            Place::Real(Ino::ROOT) if self.options.hooks != Hooks::Off => self.list_root(after, limit).await,
            Place::Real(dir) => self.store.list(View::Current, dir, after, limit).await,
            Place::Snapshot(layer, dir) => {
                let view = View::Layer(layer);
                let mut entries = self.store.list(view, dir, after, limit).await?;
                for entry in &mut entries {
                    self.slots.renumber(view, &mut entry.attr)?;
                }
                Ok(entries)
            }
            Place::Hook(node) => self.hook_list(node, after, limit).await,
        }
    }

    /// The same without attributes, where they can be done without.
    pub(super) async fn list_open_names(
        &self,
        handle: Handle,
        after: Cookie,
        limit: usize,
    ) -> Result<Vec<DirName>> {
        match self.open_dir(handle)?.place {
            Place::Real(dir) if dir != Ino::ROOT || self.options.hooks == Hooks::Off => {
                self.store.list_names(View::Current, dir, after, limit).await
            }
            _ => {
                let entries = self.list_open(handle, after, limit).await?;
                Ok(entries.into_iter().map(DirName::from).collect())
            }
        }
    }

    fn open_dir(&self, handle: Handle) -> Result<Arc<Open>> {
        let open = self.open_handle(handle)?;
        if !open.is_dir() {
            return Err(ErrorKind::NotDirectory.into());
        }
        open.require_content()?;
        open.require_read()?;
        Ok(open)
    }

    /// The root, without a file that has the name of the hooks from a time without them, and with the hooks at the end
    /// if they are listed.
    async fn list_root(&self, mut after: Cookie, limit: usize) -> Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        while entries.len() < limit && after != hooks::ROOT_COOKIE {
            let wanted = limit - entries.len();
            let page = self.store.list(View::Current, Ino::ROOT, after, wanted).await?;
            let ended = page.len() < wanted;
            after = page.last().map_or(after, |entry| entry.cookie);
            entries.extend(page.into_iter().filter(|entry| entry.name != hooks::CONTROL));
            if ended {
                if entries.len() < limit && self.options.hooks == Hooks::Listed {
                    entries.push(self.hook_root_entry().await?);
                }
                break;
            }
        }
        Ok(entries)
    }

    pub(super) async fn sync_open(&self, handle: Handle) -> Result<()> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        match open.place {
            Place::Real(_) => self.store.sync().await,
            Place::Snapshot(..) | Place::Hook(_) => Ok(()),
        }
    }
}

/// `FileTooLarge` if the range ends beyond the largest file.
fn check_end(offset: u64, len: u64) -> Result<()> {
    match offset.checked_add(len).is_some_and(|end| end <= OFFSET_MAX) {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::FileTooLarge).because("files end at 2^63 - 1")),
    }
}

fn beyond(what: &str) -> Error {
    Error::new(ErrorKind::Invalid).because(format!("the {what} is beyond 2^63 - 1"))
}
