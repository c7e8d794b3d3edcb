//! The `tarbox` command.
fn main() {}
