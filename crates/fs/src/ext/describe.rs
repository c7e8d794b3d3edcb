//! What else there is to say of a file, for those that bring it elsewhere.

use tarbox_store::{Attr, ErrorKind, Ino, Result, SeekTo};

use crate::interface::{Credentials, FilesystemInterface, Handle};

/// A file in more pieces than this is told as if it had no holes.
const PIECES_MAX: usize = 1 << 18;

/// Where data is in a file with holes, as offsets and lengths; `None` for one without.
///
/// # Errors
/// Those of [`seek`](FilesystemInterface::seek).
pub async fn data_map<F: FilesystemInterface>(
    fs: &F,
    handle: Handle,
    attr: &Attr,
) -> Result<Option<Vec<(u64, u64)>>> {
    if attr.blocks.saturating_mul(512) >= attr.size {
        return Ok(None);
    }
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < attr.size && pieces.len() < PIECES_MAX {
        let start = match fs.seek(handle, at, SeekTo::Data).await {
            Err(e) if e.kind() == ErrorKind::NoSuchAddress => return Ok(Some(pieces)),
            start => start?,
        };
        at = fs.seek(handle, start, SeekTo::Hole).await?.min(attr.size);
        pieces.push((start, at - start));
    }
    Ok((at >= attr.size).then_some(pieces))
}

/// Names and values of all extended attributes that may be read.
///
/// # Errors
/// Those of [`listxattr`](FilesystemInterface::listxattr) and [`getxattr`](FilesystemInterface::getxattr).
pub async fn xattrs<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    ino: Ino,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut found = Vec::new();
    for name in fs.listxattr(who, ino).await? {
        match fs.getxattr(who, ino, &name).await {
            Ok(value) => found.push((name, value)),
            Err(e) if matches!(e.kind(), ErrorKind::NoData | ErrorKind::Access) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(found)
}
