//! What people write on a command line: times, sizes, modes, owners, globs.

pub(crate) mod glob;
pub(crate) mod mode;
pub(crate) mod owner;
pub(crate) mod size;
pub(crate) mod time;
