//! Listing directories.
//!
//! A cookie of the guest is the cookie of the file system plus 2, since `.` and `..` come first: 0 is the beginning,
//! 1 is behind `.`, 2 behind `..`. So it stays good for as long as the entry it stands behind lives, whatever is added or
//! removed meanwhile.

use tarbox_store::{Cookie, DirName, Ino};

use super::table::Object;
use super::{Context, Errno, FileType, Memory, Result, Rights};
use crate::Dir;

/// The fixed part of an entry.
const HEAD: usize = 24;
/// What an entry takes on average, name included: how many entries are fetched for a buffer.
const ENTRY_TYPICAL: usize = 40;
/// The most entries fetched at once.
const BATCH_MAX: usize = 1024;

impl Context {
    /// Fills the buffer with entries behind `cookie`. The last may be cut; less than a full buffer means the end.
    ///
    /// # Errors
    /// `EBADF`; `ENOTDIR` for a file; `EACCES`, `ENOTCAPABLE`; `ENOENT` if the directory was removed.
    pub fn fd_readdir(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        buffer: u32,
        buffer_len: u32,
        cookie: u64,
        used: u32,
    ) -> Result {
        let descriptor = self.table.get(fd)?;
        let dir = descriptor.dir(Rights::FD_READDIR)?;
        let preopened = matches!(descriptor.object, Object::Dir { preopen: Some(_), .. });
        let mut page = Page {
            bytes: memory.bytes_mut(buffer, buffer_len)?,
            used: 0,
        };
        fill(dir, preopened, cookie, &mut page)?;
        let len = page.used as u32;
        memory.write_u32(used, len)
    }
}

fn fill(dir: &Dir, preopened: bool, cookie: u64, page: &mut Page<'_>) -> Result {
    if cookie == 0 && page.put(1, dir.ino(), FileType::Directory, b".").is_full() {
        return Ok(());
    }
    if cookie <= 1 {
        let parent = parent(dir, preopened);
        if page.put(2, parent, FileType::Directory, b"..").is_full() {
            return Ok(());
        }
    }
    let mut after = Cookie(cookie.saturating_sub(2));
    loop {
        let limit = (page.room() / ENTRY_TYPICAL + 1).min(BATCH_MAX);
        let entries = dir.read(after, limit)?;
        for entry in &entries {
            if page.put_entry(entry)?.is_full() {
                return Ok(());
            }
            after = entry.cookie;
        }
        if entries.len() < limit {
            return Ok(());
        }
    }
}

/// What `..` is: above a directory that was lent is nothing the guest could reach, so that one is its own parent.
fn parent(dir: &Dir, preopened: bool) -> Ino {
    if preopened {
        return dir.ino();
    }
    dir.parent().unwrap_or(dir.ino())
}

/// The guest's buffer, as far as it is filled.
struct Page<'b> {
    bytes: &'b mut [u8],
    used: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Room,
    Full,
}

impl Fill {
    fn is_full(self) -> bool {
        self == Self::Full
    }
}

impl Page<'_> {
    fn room(&self) -> usize {
        self.bytes.len() - self.used
    }

    fn put_entry(&mut self, entry: &DirName) -> Result<Fill> {
        let next = entry.cookie.0.checked_add(2).ok_or(Errno::Overflow)?;
        Ok(self.put(next, entry.ino, entry.kind.into(), &entry.name))
    }

    /// Appends an entry, cut where the buffer ends.
    fn put(&mut self, next: u64, ino: Ino, kind: FileType, name: &[u8]) -> Fill {
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&next.to_le_bytes());
        head[8..16].copy_from_slice(&ino.0.to_le_bytes());
        // Names are at most 255 bytes.
        head[16..20].copy_from_slice(&(name.len() as u32).to_le_bytes());
        head[20] = kind as u8;
        self.append(&head);
        self.append(name);
        if self.room() == 0 { Fill::Full } else { Fill::Room }
    }

    fn append(&mut self, bytes: &[u8]) {
        let fits = bytes.len().min(self.room());
        self.bytes[self.used..self.used + fits].copy_from_slice(&bytes[..fits]);
        self.used += fits;
    }
}
