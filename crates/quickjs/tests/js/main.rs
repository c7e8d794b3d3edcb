//! Scripts on workspaces in memory: what they see, what ends them, and what is left when they were ended.

mod bytecode;
mod children;
mod differential;
mod files;
mod hostile;
mod limits;
mod modules;
mod node;
mod sqlite;
mod support;
