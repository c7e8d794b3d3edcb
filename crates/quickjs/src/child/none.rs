//! There is one thread, and its stack is small: no room for another engine.

use super::{Child, Ran};

pub(crate) fn run(_child: Child) -> Option<Ran> {
    None
}
