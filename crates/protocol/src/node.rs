//! Which inode a call is about.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tarbox_store::Ino;

/// An inode, by its number or as the one that an earlier call of the batch found.
///
/// In JSON a number, or `{"answer": 2}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// By its number.
    Ino(Ino),
    /// The one that the call at this place of the batch answered: the first is 0. A walk answers an inode only if it found
    /// every name.
    Answer(u16),
}

impl From<Ino> for Node {
    fn from(ino: Ino) -> Self {
        Self::Ino(ino)
    }
}

#[derive(Serialize, Deserialize)]
enum Compact {
    Ino(Ino),
    Answer(u16),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Readable {
    Ino(Ino),
    Answer { answer: u16 },
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (*self, serializer.is_human_readable()) {
            (Self::Ino(ino), false) => Compact::Ino(ino).serialize(serializer),
            (Self::Answer(at), false) => Compact::Answer(at).serialize(serializer),
            (Self::Ino(ino), true) => Readable::Ino(ino).serialize(serializer),
            (Self::Answer(answer), true) => Readable::Answer { answer }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Readable::deserialize(deserializer).map(|node| match node {
                Readable::Ino(ino) => Self::Ino(ino),
                Readable::Answer { answer } => Self::Answer(answer),
            });
        }
        Compact::deserialize(deserializer).map(|node| match node {
            Compact::Ino(ino) => Self::Ino(ino),
            Compact::Answer(at) => Self::Answer(at),
        })
    }
}
