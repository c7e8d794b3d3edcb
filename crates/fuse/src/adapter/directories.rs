//! Listing directories, with and without attributes.

use fuser::{FopenFlags, INodeNo, ReplyDirectory, ReplyDirectoryPlus, Request};
use tarbox_fs::{FilesystemInterface, Handle, OpenFlags, blocking};
use tarbox_store::{Cookie, DirEntry, DirName, Result};

use super::{GENERATION, KEPT, Shared, stale};
use crate::convert;
use crate::gate::Answering;

/// Entries asked for at once.
const PAGE: usize = 128;
/// Behind `.` and behind `..`; entries follow with their cookies moved up by as much.
const DOT: u64 = 1;
const DOTS: u64 = 2;

/// Where entries are put until the answer is full.
trait Listing {
    /// What is asked of the file system for each.
    type Entry;
    /// A page of them, behind a cookie.
    fn page(&self, dir: Handle, after: Cookie) -> Result<Vec<Self::Entry>>;
    /// Where the listing goes on behind an entry.
    fn cookie(entry: &Self::Entry) -> Cookie;
    /// `.` or `..`. Answers whether there was no room for it.
    fn dot(&mut self, node: INodeNo, offset: u64, name: &str) -> bool;
    /// An entry. Answers whether there was no room for it.
    fn entry(&mut self, entry: &Self::Entry) -> bool;
}

impl<F: FilesystemInterface> Shared<F> {
    pub(super) fn open_dir(
        &self,
        request: &Request,
        dir: INodeNo,
        answering: &Answering<'_>,
    ) -> Result<(Handle, FopenFlags)> {
        let ino = self.ino(dir);
        let handle = blocking(self.fs.open(&self.who(request), ino, OpenFlags::DIRECTORY)).map_err(stale)?;
        let kept = self.kept(ino, answering) == KEPT;
        let outdated = self.nodes.take_outdated(dir);
        let flags = match (kept, outdated) {
            (false, _) => FopenFlags::empty(),
            (true, true) => FopenFlags::FOPEN_CACHE_DIR,
            (true, false) => FopenFlags::FOPEN_CACHE_DIR | FopenFlags::FOPEN_KEEP_CACHE,
        };
        Ok((handle, flags))
    }

    pub(super) fn list(
        &self,
        request: &Request,
        dir: (INodeNo, Handle),
        offset: u64,
        reply: &mut ReplyDirectory,
    ) -> Result<()> {
        let listing = &mut Plain { shared: self, reply };
        self.fill(request, dir, offset, listing)
    }

    pub(super) fn list_plus(
        &self,
        request: &Request,
        dir: (INodeNo, Handle),
        offset: u64,
        reply: &mut ReplyDirectoryPlus,
        answering: &Answering<'_>,
    ) -> Result<()> {
        let listing = &mut Plus {
            shared: self,
            reply,
            dir: dir.0,
            answering,
        };
        self.fill(request, dir, offset, listing)
    }

    fn fill<L: Listing>(
        &self,
        request: &Request,
        (dir, handle): (INodeNo, Handle),
        offset: u64,
        listing: &mut L,
    ) -> Result<()> {
        if offset < DOT && listing.dot(dir, DOT, ".") {
            return Ok(());
        }
        if offset < DOTS && listing.dot(self.parent(request, dir), DOTS, "..") {
            return Ok(());
        }
        let mut after = Cookie(offset.saturating_sub(DOTS));
        loop {
            let page = listing.page(handle, after)?;
            let Some(last) = page.last().map(L::cookie) else {
                return Ok(());
            };
            if page.iter().any(|entry| listing.entry(entry)) || page.len() < PAGE {
                return Ok(());
            }
            after = last;
        }
    }

    /// The number of `..`. Of a directory that was removed nothing is above; its own number does as well as any.
    fn parent(&self, request: &Request, dir: INodeNo) -> INodeNo {
        match dir {
            INodeNo::ROOT => dir,
            _ => blocking(self.fs.parent(&self.who(request), self.ino(dir)))
                .map_or(dir, |attr| self.node(attr.ino)),
        }
    }
}

struct Plain<'a, F> {
    shared: &'a Shared<F>,
    reply: &'a mut ReplyDirectory,
}

impl<F: FilesystemInterface> Listing for Plain<'_, F> {
    type Entry = DirName;

    fn page(&self, dir: Handle, after: Cookie) -> Result<Vec<DirName>> {
        blocking(self.shared.fs.readdir_names(dir, after, PAGE))
    }

    fn cookie(entry: &DirName) -> Cookie {
        entry.cookie
    }

    fn dot(&mut self, node: INodeNo, offset: u64, name: &str) -> bool {
        self.reply.add(node, offset, fuser::FileType::Directory, name)
    }

    fn entry(&mut self, entry: &DirName) -> bool {
        let node = self.shared.node(entry.ino);
        let kind = convert::file_type(entry.kind);
        self.reply.add(node, entry.cookie.0 + DOTS, kind, os(&entry.name))
    }
}

struct Plus<'a, F> {
    shared: &'a Shared<F>,
    reply: &'a mut ReplyDirectoryPlus,
    dir: INodeNo,
    answering: &'a Answering<'a>,
}

impl<F: FilesystemInterface> Listing for Plus<'_, F> {
    type Entry = DirEntry;

    fn page(&self, dir: Handle, after: Cookie) -> Result<Vec<DirEntry>> {
        blocking(self.shared.fs.readdir(dir, after, PAGE))
    }

    fn cookie(entry: &DirEntry) -> Cookie {
        entry.cookie
    }

    /// The kernel takes no more of these than their number, so they are not counted as known.
    fn dot(&mut self, node: INodeNo, offset: u64, name: &str) -> bool {
        let attr = fuser::FileAttr {
            ino: node,
            ..convert::no_attr()
        };
        self.reply
            .add(node, offset, name, &std::time::Duration::ZERO, &attr, GENERATION)
    }

    fn entry(&mut self, entry: &DirEntry) -> bool {
        let told = self.shared.entry(&entry.attr, self.answering);
        let offset = entry.cookie.0 + DOTS;
        let full = self.reply.add(
            told.attr.ino,
            offset,
            os(&entry.name),
            &told.kept,
            &told.attr,
            GENERATION,
        );
        if !full {
            self.shared.nodes.learn(self.dir, &entry.name, told.attr.ino);
        }
        full
    }
}

fn os(name: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(name)
}
