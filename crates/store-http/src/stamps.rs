//! What has changed, and when: so that something cached is known to be out of date without being looked for.
//!
//! Time is counted in changes. Whatever is read gets the count of the moment before it was asked for; a change raises the count
//! and notes it for what it concerns. So an answer that was on its way while something changed is out of date when it
//! arrives, and none has to be searched and removed.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use tarbox_store::Ino;

/// Notes that are kept; of more, everything counts as changed.
const NOTES_MAX: usize = 65_536;

/// What a change concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// Everything.
    All,
    /// The content and the attributes of an inode.
    Inode(Ino),
    /// Its attributes alone.
    Attr(Ino),
    /// The attributes of everything: a rename does not say what it replaced.
    Attrs,
    /// Entries of this name, in whatever directory, and the attributes of directories.
    Name(&'a [u8]),
}

#[derive(Debug, Default)]
pub(crate) struct Stamps {
    now: u64,
    all: u64,
    all_attrs: u64,
    directories: u64,
    inodes: HashMap<Ino, u64>,
    attrs: HashMap<Ino, u64>,
    names: HashMap<u64, u64>,
}

impl Stamps {
    /// How many changes there were.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Notes a change.
    pub(crate) fn note(&mut self, subject: Subject<'_>) {
        self.now += 1;
        let now = self.now;
        if self.inodes.len() + self.attrs.len() + self.names.len() >= NOTES_MAX {
            self.forget();
        }
        match subject {
            Subject::All => self.forget(),
            Subject::Inode(ino) => drop(self.inodes.insert(ino, now)),
            Subject::Attr(ino) => drop(self.attrs.insert(ino, now)),
            Subject::Attrs => {
                self.all_attrs = now;
                self.attrs.clear();
            }
            Subject::Name(name) => {
                self.names.insert(hash(name), now);
                self.directories = now;
            }
        }
    }

    fn forget(&mut self) {
        self.all = self.now;
        self.inodes.clear();
        self.attrs.clear();
        self.names.clear();
    }

    /// Whether attributes that were asked for at `then` still hold.
    pub(crate) fn attr_holds(&self, ino: Ino, is_dir: bool, then: u64) -> bool {
        self.content_holds(ino, then)
            && self.all_attrs <= then
            && self.attrs.get(&ino).is_none_or(|at| *at <= then)
            && (!is_dir || self.directories <= then)
    }

    /// Whether content does.
    pub(crate) fn content_holds(&self, ino: Ino, then: u64) -> bool {
        self.all <= then && self.inodes.get(&ino).is_none_or(|at| *at <= then)
    }

    /// Whether an entry does, also one that is missing.
    pub(crate) fn entry_holds(&self, name: &[u8], then: u64) -> bool {
        self.all <= then && self.names.get(&hash(name)).is_none_or(|at| *at <= then)
    }
}

/// Names that collide are out of date together, which costs a request.
fn hash(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_on_its_way_is_out_of_date_when_it_arrives() {
        let mut stamps = Stamps::default();
        let (one, other) = (Ino(2), Ino(3));
        let then = stamps.now();
        stamps.note(Subject::Inode(one));
        assert!(!stamps.attr_holds(one, false, then) && !stamps.content_holds(one, then));
        assert!(stamps.attr_holds(other, false, then));
        assert!(stamps.content_holds(one, stamps.now()));
        let then = stamps.now();
        stamps.note(Subject::Attr(one));
        assert!(stamps.content_holds(one, then) && !stamps.attr_holds(one, false, then));
        let then = stamps.now();
        stamps.note(Subject::Attrs);
        assert!(stamps.content_holds(one, then) && !stamps.attr_holds(other, false, then));
        let then = stamps.now();
        stamps.note(Subject::Name(b"a"));
        assert!(!stamps.entry_holds(b"a", then) && stamps.entry_holds(b"b", then));
        assert!(!stamps.attr_holds(other, true, then) && stamps.attr_holds(other, false, then));
        let then = stamps.now();
        stamps.note(Subject::All);
        assert!(!stamps.entry_holds(b"b", then) && !stamps.attr_holds(other, false, then));
        assert!(stamps.entry_holds(b"b", stamps.now()));
    }

    #[test]
    fn notes_are_bounded() {
        let mut stamps = Stamps::default();
        let then = stamps.now();
        for ino in 0..3 * NOTES_MAX as u64 {
            stamps.note(Subject::Inode(Ino(ino)));
        }
        assert!(stamps.inodes.len() <= NOTES_MAX);
        assert!(
            !stamps.content_holds(Ino(1), then),
            "what is forgotten counts as changed"
        );
    }
}
