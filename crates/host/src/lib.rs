//! Runs WebAssembly modules and components on a workspace.
