//! Random operations on the store over the engine in memory, and on the reference that the store on SQLite is compared with, too.
//!
//! `TARBOX_LONG=1` runs many more cases.

#[path = "../../../store-sqlite/tests/model/histories.rs"]
mod histories;
#[path = "../../../store-sqlite/tests/model/machine.rs"]
mod machine;
#[path = "../../../store-sqlite/tests/model/op.rs"]
mod op;
mod place;
#[path = "../../../store-sqlite/tests/model/reference.rs"]
mod reference;
