//! What an archive tells.

use crate::transfer::item::Item;
use crate::transfer::pump::Weigh;

/// One step through an archive. Names are whole paths, as the archive has them; directories do not nest: `Enter` is a
/// directory, and nothing is ever left.
#[derive(Debug)]
pub(crate) enum TarItem {
    /// As in a tree.
    Plain(Item),
    /// Another name of a file that came before, by its path in the archive.
    HardLink { name: Vec<u8>, target: Vec<u8> },
}

impl Weigh for TarItem {
    fn weight(&self) -> usize {
        match self {
            Self::Plain(item) => item.weight(),
            Self::HardLink { name, target } => 256 + name.len() + target.len(),
        }
    }
}
