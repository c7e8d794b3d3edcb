//! Real mounts, used by plain system calls.
#![cfg(target_os = "linux")]

mod content;
mod ends;
mod listing;
mod locks;
mod names;
mod sharing;
mod support;
