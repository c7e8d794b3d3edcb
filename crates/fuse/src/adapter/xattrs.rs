//! Extended attributes, and how full the file system is.

use fuser::{INodeNo, ReplyStatfs, ReplyXattr, Request};
use tarbox_fs::{FilesystemInterface, blocking};
use tarbox_store::{ErrorKind, Result, XattrMode};

use super::Shared;
use crate::convert::errno;
use crate::serving;

const XATTR_CREATE: i32 = 1;
const XATTR_REPLACE: i32 = 2;

impl<F: FilesystemInterface> Shared<F> {
    pub(super) fn xattr(&self, request: &Request, node: INodeNo, name: &[u8]) -> Result<Vec<u8>> {
        if node == INodeNo::ROOT && name == serving::ATTRIBUTE.as_bytes() {
            return Ok(self.serving_at.clone().into_bytes());
        }
        blocking(self.fs.getxattr(&self.who(request), self.ino(node), name))
    }

    /// The names, each with the NUL that ends it.
    pub(super) fn xattrs(&self, request: &Request, node: INodeNo) -> Result<Vec<u8>> {
        let names = blocking(self.fs.listxattr(&self.who(request), self.ino(node)))?;
        Ok(names
            .iter()
            .flat_map(|name| [&name[..], b"\0"].concat())
            .collect())
    }

    pub(super) fn set_xattr(
        &self,
        request: &Request,
        node: INodeNo,
        name: &[u8],
        value: Option<&[u8]>,
        flags: i32,
    ) -> Result<()> {
        let mode = match flags {
            0 => XattrMode::Any,
            XATTR_CREATE => XattrMode::Create,
            XATTR_REPLACE => XattrMode::Replace,
            _ => return Err(ErrorKind::Invalid.into()),
        };
        blocking(
            self.fs
                .setxattr(&self.who(request), self.ino(node), name, value, mode),
        )
    }

    pub(super) fn answer_space(&self, reply: ReplyStatfs) {
        match blocking(self.fs.statfs()) {
            Ok(space) => reply.statfs(
                space.blocks,
                space.blocks_free,
                space.blocks_free,
                space.files,
                space.files_free,
                space.block_size,
                space.name_max,
                space.block_size,
            ),
            Err(e) => reply.error(errno(&e)),
        }
    }
}

/// Answers a value into a buffer of `size` bytes; with 0 only its length was asked for.
pub(super) fn answer(value: Result<Vec<u8>>, size: u32, reply: ReplyXattr) {
    match value {
        Ok(value) if size == 0 => reply.size(value.len() as u32),
        Ok(value) if value.len() > size as usize => reply.error(fuser::Errno::ERANGE),
        Ok(value) => reply.data(&value),
        Err(e) => reply.error(errno(&e)),
    }
}
