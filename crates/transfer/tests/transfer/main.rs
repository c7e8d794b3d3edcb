//! Tenants between databases and files: what arrives is what there was, whatever happens on the way, or nothing is seen of it.

mod copies;
mod histories;
mod hostile;
mod interrupted;
#[path = "../../../store-sqlite/tests/model/machine.rs"]
mod machine;
#[path = "../../../store-sqlite/tests/model/op.rs"]
mod op;
mod place;
#[path = "../../../store-sqlite/tests/model/reference.rs"]
mod reference;
mod support;
