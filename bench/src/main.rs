//! Every benchmark of the project, each case beside its rival.
fn main() {}
