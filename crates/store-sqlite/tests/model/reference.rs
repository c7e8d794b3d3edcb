//! What the store should be: inodes in a map, content in vectors. A layer is a copy of all of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tarbox_store::conformance::{Node, Tree};
use tarbox_store::*;

const DAY: i64 = 86_400_000_000_000;

#[derive(Debug, Clone)]
pub(crate) struct Inode {
    pub(crate) kind: FileKind,
    mode: u32,
    pub(crate) nlink: u32,
    pub(crate) data: Arc<Vec<u8>>,
    pub(crate) entries: BTreeMap<Vec<u8>, Ino>,
    parent: Ino,
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    atime: Timestamp,
    mtime: Timestamp,
    ctime: Timestamp,
    btime: Timestamp,
}

/// One state of a tenant's files.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) inodes: BTreeMap<Ino, Inode>,
}

type Outcome<T = ()> = Result<T, ErrorKind>;

impl Inode {
    fn new(kind: FileKind, mode: u32, parent: Ino, now: Timestamp) -> Self {
        let is_dir = kind == FileKind::Directory;
        Self {
            kind,
            mode,
            nlink: if is_dir { 2 } else { 1 },
            data: Arc::default(),
            entries: BTreeMap::new(),
            parent,
            xattrs: BTreeMap::new(),
            atime: now,
            mtime: now,
            ctime: now,
            btime: now,
        }
    }

    fn changed(&mut self, now: Timestamp) {
        (self.mtime, self.ctime) = (now, now);
    }

    fn clear_setid(&mut self) {
        self.mode &= !0o4000;
        if self.mode & 0o010 != 0 {
            self.mode &= !0o2000;
        }
    }

    fn is_dir(&self) -> bool {
        self.kind == FileKind::Directory
    }
}

impl Files {
    pub(crate) fn new(now: Timestamp) -> Self {
        let mut root = Inode::new(FileKind::Directory, 0o755, Ino::ROOT, now);
        root.nlink = 2;
        Self {
            inodes: BTreeMap::from([(Ino::ROOT, root)]),
        }
    }

    fn get(&self, ino: Ino) -> Outcome<&Inode> {
        self.inodes.get(&ino).ok_or(ErrorKind::NotFound)
    }

    fn get_mut(&mut self, ino: Ino) -> &mut Inode {
        self.inodes.get_mut(&ino).expect("it was looked at before")
    }

    fn dir(&self, ino: Ino) -> Outcome<&Inode> {
        let inode = self.get(ino)?;
        if inode.is_dir() {
            Ok(inode)
        } else {
            Err(ErrorKind::NotDirectory)
        }
    }

    fn live_dir(&self, ino: Ino) -> Outcome<&Inode> {
        let inode = self.dir(ino)?;
        if inode.nlink > 0 {
            Ok(inode)
        } else {
            Err(ErrorKind::NotFound)
        }
    }

    pub(crate) fn file(&self, ino: Ino) -> Outcome<&Inode> {
        match self.get(ino)?.kind {
            FileKind::File => self.get(ino),
            FileKind::Directory => Err(ErrorKind::IsDirectory),
            _ => Err(ErrorKind::Invalid),
        }
    }

    /// Whether a name can be made there.
    pub(crate) fn check_free(&self, dir: Ino, name: &[u8]) -> Outcome {
        match self.live_dir(dir)?.entries.contains_key(name) {
            true => Err(ErrorKind::Exists),
            false => Ok(()),
        }
    }

    /// Makes what `check_free` has allowed.
    pub(crate) fn create(
        &mut self,
        (dir, name): (Ino, &[u8]),
        ino: Ino,
        kind: FileKind,
        mode: u32,
        now: Timestamp,
    ) {
        let mut inode = Inode::new(kind, mode, dir, now);
        if kind == FileKind::Symlink {
            inode.data = Arc::new(b"target".to_vec());
        }
        self.inodes.insert(ino, inode);
        let parent = self.get_mut(dir);
        parent.entries.insert(name.to_vec(), ino);
        parent.nlink += u32::from(kind == FileKind::Directory);
        parent.changed(now);
    }

    pub(crate) fn link(&mut self, ino: Ino, (dir, name): (Ino, &[u8]), now: Timestamp) -> Outcome {
        self.live_dir(dir)?;
        let inode = self.get(ino)?;
        if inode.is_dir() {
            return Err(ErrorKind::NotPermitted);
        }
        if inode.nlink == 0 {
            return Err(ErrorKind::NotFound);
        }
        self.check_free(dir, name)?;
        let parent = self.get_mut(dir);
        parent.entries.insert(name.to_vec(), ino);
        parent.changed(now);
        let inode = self.get_mut(ino);
        inode.nlink += 1;
        inode.ctime = now;
        Ok(())
    }

    /// Removes a name, and answers the inode if it has none left.
    pub(crate) fn unlink(
        &mut self,
        (dir, name): (Ino, &[u8]),
        what: Unlink,
        now: Timestamp,
    ) -> Outcome<Option<Ino>> {
        let ino = *self.dir(dir)?.entries.get(name).ok_or(ErrorKind::NotFound)?;
        let inode = self.get(ino)?;
        match (what, inode.is_dir()) {
            (Unlink::File, true) => return Err(ErrorKind::IsDirectory),
            (Unlink::Directory, false) => return Err(ErrorKind::NotDirectory),
            (Unlink::Directory, true) if !inode.entries.is_empty() => return Err(ErrorKind::NotEmpty),
            _ => {}
        }
        let is_dir = u32::from(inode.is_dir());
        let parent = self.get_mut(dir);
        parent.entries.remove(name);
        parent.nlink -= is_dir;
        parent.changed(now);
        Ok(self.drop_name(ino, now))
    }

    fn drop_name(&mut self, ino: Ino, now: Timestamp) -> Option<Ino> {
        let inode = self.get_mut(ino);
        inode.nlink = if inode.is_dir() { 0 } else { inode.nlink - 1 };
        inode.ctime = now;
        (inode.nlink == 0).then_some(ino)
    }

    fn refuse_below(&self, moved: Ino, target: Ino) -> Outcome {
        let mut at = target;
        while at != Ino::ROOT {
            if at == moved {
                return Err(ErrorKind::Invalid);
            }
            at = self.get(at)?.parent;
        }
        Ok(())
    }

    /// Renames, and answers the inode that lost its last name.
    pub(crate) fn rename(
        &mut self,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
        now: Timestamp,
    ) -> Outcome<Option<Ino>> {
        self.dir(from.0)?;
        self.live_dir(to.0)?;
        let source = *self.dir(from.0)?.entries.get(from.1).ok_or(ErrorKind::NotFound)?;
        let target = self.dir(to.0)?.entries.get(to.1).copied();
        let is_dir = |ino| self.inodes[&ino].is_dir();
        if is_dir(source) {
            self.refuse_below(source, to.0)?;
        }
        match (target, mode) {
            (Some(_), RenameMode::NoReplace) => Err(ErrorKind::Exists),
            (None, RenameMode::Exchange) => Err(ErrorKind::NotFound),
            (Some(target), _) if target == source => Ok(None),
            (Some(target), RenameMode::Exchange) => {
                if is_dir(target) {
                    self.refuse_below(target, from.0)?;
                }
                self.take(from, now);
                self.take(to, now);
                self.put(to, source, now);
                self.put(from, target, now);
                Ok(None)
            }
            (target, _) => {
                if let Some(target) = target {
                    match (is_dir(source), is_dir(target)) {
                        (true, false) => return Err(ErrorKind::NotDirectory),
                        (false, true) => return Err(ErrorKind::IsDirectory),
                        (true, true) if !self.inodes[&target].entries.is_empty() => {
                            return Err(ErrorKind::NotEmpty);
                        }
                        _ => {}
                    }
                    self.take(to, now);
                }
                self.take(from, now);
                self.put(to, source, now);
                Ok(target.and_then(|target| self.drop_name(target, now)))
            }
        }
    }

    fn take(&mut self, (dir, name): (Ino, &[u8]), now: Timestamp) {
        let ino = self
            .get_mut(dir)
            .entries
            .remove(name)
            .expect("it was looked at before");
        let is_dir = u32::from(self.inodes[&ino].is_dir());
        let parent = self.get_mut(dir);
        parent.nlink -= is_dir;
        parent.changed(now);
    }

    fn put(&mut self, (dir, name): (Ino, &[u8]), ino: Ino, now: Timestamp) {
        let inode = self.get_mut(ino);
        inode.ctime = now;
        inode.parent = dir;
        let is_dir = u32::from(inode.is_dir());
        let parent = self.get_mut(dir);
        parent.entries.insert(name.to_vec(), ino);
        parent.nlink += is_dir;
        parent.changed(now);
    }

    pub(crate) fn write(&mut self, ino: Ino, at: WriteAt, data: &[u8], now: Timestamp) -> Outcome<Written> {
        let len = self.file(ino)?.data.len();
        let offset = match at {
            WriteAt::Offset(offset) => offset as usize,
            WriteAt::End => len,
        };
        if !data.is_empty() {
            let inode = self.get_mut(ino);
            put_bytes(Arc::make_mut(&mut inode.data), offset, data);
            inode.changed(now);
        }
        Ok(Written {
            offset: offset as u64,
            size: self.inodes[&ino].data.len() as u64,
        })
    }

    pub(crate) fn truncate(&mut self, ino: Ino, size: u64, now: Timestamp) -> Outcome {
        self.file(ino)?;
        let inode = self.get_mut(ino);
        Arc::make_mut(&mut inode.data).resize(size as usize, 0);
        inode.changed(now);
        Ok(())
    }

    pub(crate) fn allocate(
        &mut self,
        ino: Ino,
        how: Allocate,
        offset: u64,
        len: u64,
        now: Timestamp,
    ) -> Outcome {
        let size = self.file(ino)?.data.len();
        let (offset, len) = (offset as usize, len as usize);
        let end = offset + len;
        let refused = match how {
            _ if len == 0 => true,
            Allocate::Collapse => end >= size,
            Allocate::Insert => offset >= size,
            _ => false,
        };
        if refused {
            return Err(ErrorKind::Invalid);
        }
        let inode = self.get_mut(ino);
        let data = Arc::make_mut(&mut inode.data);
        match how {
            Allocate::Extend | Allocate::ZeroRange => data.resize(size.max(end), 0),
            Allocate::Collapse => drop(data.drain(offset..end)),
            Allocate::Insert => drop(data.splice(offset..offset, vec![0; len])),
            Allocate::KeepSize | Allocate::PunchHole | Allocate::ZeroKeepSize => {}
        }
        if matches!(
            how,
            Allocate::PunchHole | Allocate::ZeroRange | Allocate::ZeroKeepSize
        ) && offset < size
        {
            data[offset..end.min(size)].fill(0);
        }
        inode.changed(now);
        Ok(())
    }

    /// Copies bytes of a source that was looked at before, and answers how many.
    pub(crate) fn copy(
        &mut self,
        source: Arc<Vec<u8>>,
        same_from: Option<u64>,
        from: u64,
        to: (Ino, u64),
        len: u64,
        now: Timestamp,
    ) -> Outcome<u64> {
        self.file(to.0)?;
        let start = (from as usize).min(source.len());
        let part = &source[start..source.len().min(start.saturating_add(len as usize))];
        if same_from.is_some_and(|at| at.abs_diff(to.1) < part.len() as u64) {
            return Err(ErrorKind::Invalid);
        }
        if !part.is_empty() {
            let inode = self.get_mut(to.0);
            put_bytes(Arc::make_mut(&mut inode.data), to.1 as usize, part);
            inode.changed(now);
            inode.clear_setid();
        }
        Ok(part.len() as u64)
    }

    pub(crate) fn set_mode(&mut self, ino: Ino, mode: u32, now: Timestamp) -> Outcome {
        self.get(ino)?;
        let inode = self.get_mut(ino);
        inode.mode = mode;
        inode.ctime = now;
        Ok(())
    }

    pub(crate) fn set_xattr(&mut self, ino: Ino, name: &[u8], value: &[u8], now: Timestamp) -> Outcome {
        self.get(ino)?;
        let inode = self.get_mut(ino);
        inode.xattrs.insert(name.to_vec(), value.to_vec());
        inode.ctime = now;
        Ok(())
    }

    pub(crate) fn remove_xattr(&mut self, ino: Ino, name: &[u8], now: Timestamp) -> Outcome {
        self.get(ino)?;
        let inode = self.get_mut(ino);
        inode.xattrs.remove(name).ok_or(ErrorKind::NoData)?;
        inode.ctime = now;
        Ok(())
    }

    /// Notes a read, as the relative rule has it.
    pub(crate) fn touch(&mut self, ino: Ino, now: Timestamp) {
        let inode = self.get_mut(ino);
        let due = inode.atime <= inode.mtime || inode.atime <= inode.ctime || now.0 - inode.atime.0 >= DAY;
        if due {
            inode.atime = now;
        }
    }

    /// Everything that has a path.
    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        let mut todo = vec![(Vec::new(), Ino::ROOT)];
        while let Some((path, ino)) = todo.pop() {
            let inode = &self.inodes[&ino];
            for (name, child) in &inode.entries {
                todo.push(([&path[..], b"/", name].concat(), *child));
            }
            let node = Node {
                attr: self.attr(ino),
                content: inode.data.to_vec(),
                xattrs: inode.xattrs.clone().into_iter().collect(),
            };
            tree.insert(path, node);
        }
        tree
    }

    fn attr(&self, ino: Ino) -> Attr {
        let inode = &self.inodes[&ino];
        let size = match inode.kind {
            FileKind::Directory => 32 * inode.entries.len(),
            _ => inode.data.len(),
        };
        Attr {
            ino,
            kind: inode.kind,
            mode: inode.mode,
            uid: 0,
            gid: 0,
            nlink: inode.nlink,
            size: size as u64,
            blocks: 0,
            rdev: 0,
            xattrs: inode.xattrs.len() as u32,
            atime: inode.atime,
            mtime: inode.mtime,
            ctime: inode.ctime,
            btime: inode.btime,
            version: Seq(0),
        }
    }
}

fn put_bytes(content: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(data);
}
