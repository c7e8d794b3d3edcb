//! Random operations on the store and on a reference made of vectors and maps, which have to agree about every result, and
//! in the end about the whole tree of the head and of every layer. What fails shrinks to a few operations.
//!
//! `TARBOX_LONG=1` runs many more cases.

mod histories;
mod machine;
mod op;
mod place;
mod reference;
