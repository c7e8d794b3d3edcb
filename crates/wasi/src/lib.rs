//! WASI preview 1 on any file system: descriptor table, preopens, rights, errno.
