//! `/.tarbox`, used with nothing but open, read, write and close.

mod access;
mod audit;
mod layers;
mod shell;
mod snapshots;
mod tree;
