//! Preview 1, function by function, on a file system in memory: exact errors, rights, cookies, confinement.

mod closed;
mod confinement;
mod guest;
mod hostile;
mod io;
mod listing;
mod names;
mod opening;
mod polling;
mod rights;
mod stat;
mod streams;
