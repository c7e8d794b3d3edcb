//! Programs compiled for WASI, run on a workspace in memory and, where that can be compared, on Wasmtime's own WASI.

mod artifact;
mod behaviour;
mod cache;
mod composed;
mod guests;
mod hoard;
mod hostile;
mod http;
mod limits;
mod p3;
mod python;
mod reference;
mod refused;
mod run;
mod served;
mod world;
