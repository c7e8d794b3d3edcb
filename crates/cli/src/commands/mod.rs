//! The commands, one file each: its arguments, its help, and what it does.

pub(crate) mod append;
pub(crate) mod audit;
pub(crate) mod cat;
pub(crate) mod chmod;
pub(crate) mod chown;
pub(crate) mod completions;
#[cfg(feature = "compose")]
pub(crate) mod compose;
pub(crate) mod cp;
#[cfg(feature = "dev")]
pub(crate) mod dev;
pub(crate) mod du;
pub(crate) mod export;
pub(crate) mod export_tar;
pub(crate) mod find;
pub(crate) mod fsck;
pub(crate) mod gc;
#[cfg(feature = "graph")]
pub(crate) mod graph;
#[cfg(any(feature = "js", feature = "run"))]
mod http;
pub(crate) mod import;
pub(crate) mod import_tar;
pub(crate) mod init;
#[cfg(feature = "js")]
pub(crate) mod js;
#[cfg(feature = "serve")]
pub(crate) mod key;
pub(crate) mod layer;
#[cfg(any(feature = "js", feature = "run"))]
mod lend;
pub(crate) mod ln;
pub(crate) mod ls;
#[cfg(feature = "serve")]
pub(crate) mod mcp;
pub(crate) mod mkdir;
#[cfg(all(feature = "mount", target_os = "linux"))]
pub(crate) mod mount;
pub(crate) mod mv;
pub(crate) mod rm;
#[cfg(feature = "run")]
pub(crate) mod run;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub(crate) mod stat;
pub(crate) mod stats;
#[cfg(feature = "http")]
pub(crate) mod sync;
pub(crate) mod target;
pub(crate) mod tenant;
pub(crate) mod touch;
pub(crate) mod tree;
pub(crate) mod truncate;
#[cfg(all(feature = "mount", target_os = "linux"))]
pub(crate) mod umount;
pub(crate) mod watch;
pub(crate) mod write;
pub(crate) mod xattr;
