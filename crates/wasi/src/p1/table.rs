//! The descriptor table.

use super::{Errno, Failure, FdFlags, Input, Output, Result, Rights};
use crate::{Dir, File};

/// One open descriptor.
pub(crate) struct Descriptor {
    pub(crate) object: Object,
    /// What may be done with it.
    pub(crate) base: Rights,
    /// What may be done with what is opened through it.
    pub(crate) inheriting: Rights,
    pub(crate) flags: FdFlags,
}

pub(crate) enum Object {
    Input(Box<dyn Input>),
    Output(Box<dyn Output>),
    File {
        file: File,
        position: u64,
    },
    Dir {
        dir: Dir,
        /// The name it was lent under.
        preopen: Option<Box<str>>,
    },
}

impl Descriptor {
    pub(crate) fn new(object: Object, base: Rights, inheriting: Rights) -> Self {
        Self {
            object,
            base,
            inheriting,
            flags: FdFlags::empty(),
        }
    }

    /// `ENOTCAPABLE` without all of `rights`.
    pub(crate) fn require(&self, rights: Rights) -> Result<&Self> {
        if self.base.contains(rights) {
            Ok(self)
        } else {
            Err(Errno::Notcapable.into())
        }
    }

    /// The directory, if it is one and may be used so.
    pub(crate) fn dir(&self, rights: Rights) -> Result<&Dir> {
        match &self.object {
            Object::Dir { dir, .. } => {
                self.require(rights)?;
                Ok(dir)
            }
            Object::File { .. } => Err(Errno::Notdir.into()),
            Object::Input(_) | Object::Output(_) => Err(Errno::Badf.into()),
        }
    }

    /// The file, if it is one and may be used so: `EBADF` otherwise, and `ESPIPE` for a stream.
    pub(crate) fn file(&self, rights: Rights) -> Result<&File> {
        match &self.object {
            Object::File { file, .. } => {
                self.require(rights)?;
                Ok(file)
            }
            Object::Dir { .. } => Err(Errno::Badf.into()),
            Object::Input(_) | Object::Output(_) => Err(Errno::Spipe.into()),
        }
    }
}

/// Descriptors by number: a new one gets the lowest that is free, as POSIX has it.
pub(crate) struct Table {
    slots: Vec<Option<Descriptor>>,
    /// No slot below is free.
    full_below: usize,
    limit: usize,
}

impl Table {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            slots: Vec::new(),
            full_below: 0,
            limit,
        }
    }

    /// Whether another descriptor fits; asked before something is opened or made.
    pub(crate) fn has_room(&mut self) -> Result {
        self.skip_full();
        if self.full_below < self.limit {
            Ok(())
        } else {
            Err(Errno::Mfile.into())
        }
    }

    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32> {
        self.has_room()?;
        let at = self.full_below;
        match self.slots.get_mut(at) {
            Some(slot) => *slot = Some(descriptor),
            None => self.slots.push(Some(descriptor)),
        }
        u32::try_from(at).map_err(|_| Failure::Errno(Errno::Mfile))
    }

    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor> {
        let slot = self.slots.get(fd as usize).and_then(Option::as_ref);
        slot.ok_or(Failure::Errno(Errno::Badf))
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor> {
        let slot = self.slots.get_mut(fd as usize).and_then(Option::as_mut);
        slot.ok_or(Failure::Errno(Errno::Badf))
    }

    pub(crate) fn remove(&mut self, fd: u32) -> Result<Descriptor> {
        let slot = self.slots.get_mut(fd as usize).and_then(Option::take);
        let descriptor = slot.ok_or(Failure::Errno(Errno::Badf))?;
        self.full_below = self.full_below.min(fd as usize);
        Ok(descriptor)
    }

    /// Moves a descriptor to the number of another, which is closed.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let moved = self.remove(from)?;
            *self.get_mut(to)? = moved;
        }
        Ok(())
    }

    fn skip_full(&mut self) {
        while matches!(self.slots.get(self.full_below), Some(Some(_))) {
            self.full_below += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::p1::Empty;

    fn stream() -> Descriptor {
        Descriptor::new(Object::Input(Box::new(Empty)), Rights::INPUT, Rights::empty())
    }

    #[test]
    fn the_lowest_free_number_is_given() {
        let mut table = Table::new(8);
        for fd in 0..4 {
            assert_eq!(table.insert(stream()), Ok(fd));
        }
        table.remove(2).map(drop).unwrap();
        table.remove(1).map(drop).unwrap();
        assert_eq!(table.insert(stream()), Ok(1));
        assert_eq!(table.insert(stream()), Ok(2));
        assert_eq!(table.insert(stream()), Ok(4));
        assert!(matches!(table.remove(7), Err(Failure::Errno(Errno::Badf))));
    }

    #[test]
    fn the_limit_holds() {
        let mut table = Table::new(2);
        assert_eq!(table.insert(stream()), Ok(0));
        assert_eq!(table.insert(stream()), Ok(1));
        assert_eq!(table.insert(stream()), Err(Errno::Mfile.into()));
        table.remove(0).map(drop).unwrap();
        assert_eq!(table.insert(stream()), Ok(0));
    }

    #[test]
    fn renumbering_needs_both_and_closes_the_second() {
        let mut table = Table::new(8);
        table.insert(stream()).unwrap();
        table.insert(stream()).unwrap();
        assert_eq!(table.renumber(0, 5), Err(Errno::Badf.into()));
        assert_eq!(table.renumber(0, 1), Ok(()));
        assert!(table.get(0).is_err());
        assert!(table.get(1).is_ok());
        assert_eq!(table.renumber(1, 1), Ok(()));
    }
}
