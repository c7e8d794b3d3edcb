//! Random operations of every kind, from a seed.

use pollster::block_on;
use tarbox_pool::fault::Rng;
use tarbox_store::*;
use tarbox_store_sqlite::SqliteStore;

use crate::support::{me, new};

/// Seeded choices, and content made of them.
#[derive(Clone)]
pub(crate) struct Random(Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rng::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0.below(n.max(1))
    }

    pub(crate) fn bytes(&mut self, len: u64) -> Vec<u8> {
        // Half of all contents repeat, so that blocks are shared.
        let mut source = if self.below(2) == 0 {
            Random::new(self.below(4))
        } else {
            Random::new(self.next())
        };
        (0..len).map(|_| source.next() as u8).collect()
    }
}

/// A tenant that is worked on.
pub(crate) struct Worker {
    store: SqliteStore,
    random: Random,
    held: Vec<Ino>,
    layers: u64,
    /// Whether content that is lost may be met.
    tolerant: bool,
}

impl Worker {
    pub(crate) fn new(store: SqliteStore, seed: u64) -> Self {
        Self {
            store,
            random: Random::new(seed),
            held: Vec::new(),
            layers: 0,
            tolerant: false,
        }
    }

    /// One that works where content was lost.
    pub(crate) fn tolerant(store: SqliteStore, seed: u64) -> Self {
        Self {
            tolerant: true,
            ..Self::new(store, seed)
        }
    }

    /// Does `n` random operations. Those that are refused change nothing, and that is part of the test.
    pub(crate) fn run(&mut self, n: usize) {
        for _ in 0..n {
            if let Err(e) = self.step() {
                let lost = self.tolerant && e.kind() == ErrorKind::Corrupt;
                let fine = lost || !matches!(e.kind(), ErrorKind::Corrupt | ErrorKind::Io);
                assert!(fine, "an operation failed: {e}");
            }
        }
    }

    fn step(&mut self) -> Result<()> {
        match self.random.below(100) {
            0..15 => self.create(),
            15..20 => self.link(),
            20..30 => self.unlink(),
            30..40 => self.rename(),
            40..60 => self.write(),
            60..66 => self.allocate(),
            66..71 => self.copy(),
            71..76 => self.set_attr(),
            76..84 => self.xattr(),
            84..90 => self.hold(),
            90..93 => block_on(self.store.flush()),
            _ => self.layer(),
        }
    }

    fn name(&mut self) -> Vec<u8> {
        format!("n{}", self.random.below(6)).into_bytes()
    }

    /// A directory somewhere in the tree.
    fn dir(&mut self) -> Ino {
        let mut dir = Ino::ROOT;
        for _ in 0..self.random.below(4) {
            let name = self.name();
            match block_on(self.store.lookup(View::Current, dir, &name)) {
                Ok(attr) if attr.is_dir() => dir = attr.ino,
                _ => break,
            }
        }
        dir
    }

    /// A place that may have an entry.
    fn place(&mut self) -> (Ino, Vec<u8>) {
        (self.dir(), self.name())
    }

    /// An inode that has a name.
    fn node(&mut self) -> Result<Attr> {
        let (dir, name) = self.place();
        block_on(self.store.lookup(View::Current, dir, &name))
    }

    fn file(&mut self) -> Result<Attr> {
        for _ in 0..5 {
            if let Ok(attr) = self.node()
                && attr.is_file()
            {
                return Ok(attr);
            }
        }
        Err(ErrorKind::NotFound.into())
    }

    fn create(&mut self) -> Result<()> {
        let (dir, name) = self.place();
        let (kind, target) = match self.random.below(10) {
            0..3 => (FileKind::Directory, &b""[..]),
            3 => (FileKind::Symlink, &b"some/target"[..]),
            4 => (FileKind::Fifo, &b""[..]),
            _ => (FileKind::File, &b""[..]),
        };
        block_on(self.store.create(&me(), dir, &name, &new(kind, target)))?;
        Ok(())
    }

    fn link(&mut self) -> Result<()> {
        let node = self.node()?;
        let (dir, name) = self.place();
        block_on(self.store.link(&me(), node.ino, dir, &name))?;
        Ok(())
    }

    fn unlink(&mut self) -> Result<()> {
        let (dir, name) = self.place();
        let node = block_on(self.store.lookup(View::Current, dir, &name))?;
        let what = if node.is_dir() {
            Unlink::Directory
        } else {
            Unlink::File
        };
        block_on(self.store.unlink(&me(), dir, &name, what))?;
        Ok(())
    }

    fn rename(&mut self) -> Result<()> {
        let (from, to) = (self.place(), self.place());
        let mode = match self.random.below(5) {
            0 => RenameMode::NoReplace,
            1 => RenameMode::Exchange,
            _ => RenameMode::Replace,
        };
        block_on(self.store.rename(&me(), (from.0, &from.1), (to.0, &to.1), mode))
    }

    fn offset(&mut self) -> u64 {
        match self.random.below(4) {
            0 => 0,
            1 => self.random.below(3_000),
            2 => self.random.below(300_000),
            _ => self.random.below(64) * 4096,
        }
    }

    fn len(&mut self) -> u64 {
        match self.random.below(5) {
            0 => self.random.below(2_500) + 1,
            1 => 4096,
            2 => self.random.below(200_000) + 1,
            _ => self.random.below(400) + 1,
        }
    }

    fn write(&mut self) -> Result<()> {
        let file = self.file()?;
        let (offset, len) = (self.offset(), self.len());
        let data = self.random.bytes(len);
        let at = if self.random.below(3) == 0 {
            WriteAt::End
        } else {
            WriteAt::Offset(offset)
        };
        block_on(self.store.write(&me(), file.ino, at, &data, true))?;
        Ok(())
    }

    fn allocate(&mut self) -> Result<()> {
        let file = self.file()?;
        let (offset, len) = (self.offset(), self.len());
        let how = match self.random.below(7) {
            0 => Allocate::Extend,
            1 => Allocate::KeepSize,
            2 => Allocate::ZeroRange,
            3 => Allocate::ZeroKeepSize,
            4 => Allocate::Collapse,
            5 => Allocate::Insert,
            _ => Allocate::PunchHole,
        };
        block_on(self.store.allocate(&me(), file.ino, how, offset, len, true))
    }

    fn copy(&mut self) -> Result<()> {
        let (source, target) = (self.file()?, self.file()?);
        let (from, to, len) = (self.offset(), self.offset(), self.len() * 3);
        let me = me();
        let copy = self
            .store
            .copy_range(&me, View::Current, source.ino, from, target.ino, to, len);
        block_on(copy)?;
        Ok(())
    }

    fn set_attr(&mut self) -> Result<()> {
        let node = self.node()?;
        let mut set = SetAttr {
            mode: Some(self.random.below(0o10000) as u32),
            ..SetAttr::default()
        };
        if node.is_file() && self.random.below(2) == 0 {
            set.size = Some(if self.random.below(4) == 0 {
                0
            } else {
                self.offset()
            });
        }
        block_on(self.store.set_attr(&me(), node.ino, &set))?;
        Ok(())
    }

    fn xattr(&mut self) -> Result<()> {
        let node = self.node()?;
        let name = format!("user.{}", self.random.below(4));
        if self.random.below(3) == 0 {
            return block_on(self.store.remove_xattr(&me(), node.ino, name.as_bytes()));
        }
        let len = self.random.below(50);
        let value = self.random.bytes(len);
        let me = me();
        let set = self
            .store
            .set_xattr(&me, node.ino, name.as_bytes(), &value, XattrMode::Any);
        block_on(set)
    }

    fn hold(&mut self) -> Result<()> {
        if self.held.len() > 4 || (!self.held.is_empty() && self.random.below(2) == 0) {
            let at = self.random.below(self.held.len() as u64) as usize;
            let ino = self.held.swap_remove(at);
            return block_on(self.store.release(ino));
        }
        let node = self.node()?;
        block_on(self.store.hold(node.ino))?;
        self.held.push(node.ino);
        Ok(())
    }

    fn layer(&mut self) -> Result<()> {
        let layers = block_on(self.store.layers())?;
        let pick = layers[self.random.below(layers.len() as u64) as usize].id;
        match self.random.below(10) {
            0..5 => self.seal(LaterLayers::Keep),
            5 => block_on(self.store.drop_layer(&me(), pick)),
            6 => {
                let other = layers[self.random.below(layers.len() as u64) as usize].id;
                block_on(self.store.squash(&me(), pick.min(other), pick.max(other)))
            }
            7 => {
                let tag = format!("tag{}", self.random.below(5));
                block_on(self.store.tag(&me(), &tag, Some(pick)))
            }
            8 => {
                // Back to the past, and on from there; or only a look at it.
                block_on(self.store.switch(&me(), pick))?;
                let head = layers.last().map_or(pick, |l| l.id);
                match self.random.below(2) {
                    // What a sealed layer has lost would come to light in the head.
                    0 if pick != head && !self.tolerant => self.seal(LaterLayers::Discard),
                    _ => block_on(self.store.switch(&me(), head)),
                }
            }
            _ => block_on(self.store.gc()).map(drop),
        }
    }

    fn seal(&mut self, later: LaterLayers) -> Result<()> {
        self.layers += 1;
        let name = format!("layer-{}", self.layers);
        block_on(self.store.checkpoint(&me(), &name, None, later))?;
        Ok(())
    }

    /// Lets go of everything that is held.
    pub(crate) fn release_all(&mut self) {
        for ino in self.held.drain(..) {
            block_on(self.store.release(ino)).unwrap();
        }
    }
}
