//! Programs compiled for WASI, run on a workspace in memory and, where that can be compared, on Wasmtime's own WASI.

mod behaviour;
mod cache;
mod composed;
mod guests;
mod hostile;
mod limits;
mod python;
mod reference;
mod refused;
mod run;
mod world;
