//! Telling the kernel what to forget.
//!
//! Written here rather than with `fuser`, which has no words for the epoch of names. A notification is a reply without a
//! request: length, code, an id of zero, and a body.

use std::fs::File;
use std::io::{self, Write};

use fuser::INodeNo;

const INVAL_INODE: i32 = 2;
const INVAL_ENTRY: i32 = 3;
const INC_EPOCH: i32 = 8;
const HEADER: usize = 16;

/// A way to speak to the kernel of one mount without being asked.
#[derive(Debug)]
pub(crate) struct Notifier {
    device: File,
}

impl Notifier {
    pub(crate) fn new(device: File) -> Self {
        Self { device }
    }

    /// Forget the attributes.
    pub(crate) fn attributes(&self, node: INodeNo) -> io::Result<()> {
        self.inode(node, -1)
    }

    /// Forget attributes and content.
    pub(crate) fn content(&self, node: INodeNo) -> io::Result<()> {
        self.content_from(node, 0)
    }

    /// Forget attributes, and content from an offset on.
    pub(crate) fn content_from(&self, node: INodeNo, offset: u64) -> io::Result<()> {
        self.inode(node, i64::try_from(offset).unwrap_or(i64::MAX))
    }

    fn inode(&self, node: INodeNo, offset: i64) -> io::Result<()> {
        let mut body = node.0.to_ne_bytes().to_vec();
        body.extend(offset.to_ne_bytes());
        // No length is all that follows.
        body.extend(0_i64.to_ne_bytes());
        self.send(INVAL_INODE, &body)
    }

    /// Forget what this name means, or that it means nothing.
    pub(crate) fn entry(&self, dir: INodeNo, name: &[u8]) -> io::Result<()> {
        let mut body = dir.0.to_ne_bytes().to_vec();
        body.extend((name.len() as u32).to_ne_bytes());
        body.extend(0_u32.to_ne_bytes());
        body.extend(name);
        body.push(0);
        self.send(INVAL_ENTRY, &body)
    }

    /// Forget what every name means; since protocol 7.44.
    pub(crate) fn all_entries(&self) -> io::Result<()> {
        self.send(INC_EPOCH, &[])
    }

    fn send(&self, code: i32, body: &[u8]) -> io::Result<()> {
        let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend(code.to_ne_bytes());
        message.extend(0_u64.to_ne_bytes());
        message.extend(body);
        match (&self.device).write(&message) {
            Ok(_) => Ok(()),
            // The kernel does not know the inode or the name: there is nothing to forget.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            // Names of a directory that are not cached as ones of a directory.
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => Ok(()),
            Err(e) => Err(e),
        }
    }
}
