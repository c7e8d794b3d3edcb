//! Contents on their way: a file is made complete where nobody sees it, and gets its name when it is.

use std::sync::Arc;

use blake3::Hasher;
use tarbox_store::*;

use super::end::{End, new_inode};
use crate::{Content, Digest, Meta, Node};

/// Bytes of one read or write.
pub(super) const PIECE: usize = 4 << 20;
/// What is zero in pieces of this size is left a hole.
const HOLE: usize = 128 << 10;

/// A file that is complete but for its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Staged {
    pub(super) ino: Ino,
    pub(super) content: Content,
}

/// That something is not what it was when it was looked at: the round begins again.
pub(super) fn changed() -> Error {
    ErrorKind::Changed.into()
}

impl<S: Store> End<'_, S> {
    /// The hash of a file at one of its versions.
    pub(super) async fn digest(&self, ino: Ino, version: Seq) -> Result<Content> {
        self.pump(ino, version, &mut Nowhere).await
    }

    /// Copies a file of the other end into the staging directory, under its number there. Of `old`, a version of it that this end has,
    /// is taken over what is the same.
    pub(super) async fn stage<T: Store>(
        &self,
        there: &End<'_, T>,
        ino: Ino,
        version: Seq,
        old: Option<Ino>,
    ) -> Result<Staged> {
        if let Some(old) = old
            && let Some(staged) = self
                .stage_changes(there, (ino, version), old)
                .await
                .map_err(gone)?
        {
            return Ok(staged);
        }
        let mut into = Into {
            end: self,
            ino: self.stage_empty(ino).await?,
            written: 0,
        };
        let content = there.pump(ino, version, &mut into).await?;
        let (ino, written) = (into.ino, into.written);
        if written < content.size() {
            let set = SetAttr {
                size: Some(content.size()),
                ..SetAttr::default()
            };
            self.store.set_attr(self.by, ino, &set).await?;
        }
        Ok(Staged { ino, content })
    }

    /// Makes an empty file in the staging directory, whatever was there.
    pub(super) async fn stage_empty(&self, ino: Ino) -> Result<Ino> {
        let name = stage_name(ino);
        match self
            .store
            .unlink(self.by, self.staging, &name, Unlink::File)
            .await
        {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let made = self
            .store
            .create(self.by, self.staging, &name, &new_inode(FileKind::File, 0o600))
            .await?;
        Ok(made.ino)
    }

    /// All of a small file that has this size. Whether it is still the version that was seen is not looked at here.
    pub(super) async fn read_small(&self, ino: Ino, size: u64) -> Result<(Content, Arc<[u8]>)> {
        // One more: whether that is all of it.
        let mut bytes = vec![0; size as usize + 1];
        let read = self
            .store
            .read(View::Current, ino, 0, &mut bytes, Access::Quiet)
            .await;
        if read.map_err(gone)? as u64 != size {
            return Err(changed());
        }
        bytes.truncate(size as usize);
        Ok((Content::Known(Digest::of(&bytes), size), bytes.into()))
    }

    /// Reads all of a file, which stays as it is meanwhile.
    async fn pump<K: Sink>(&self, ino: Ino, version: Seq, sink: &mut K) -> Result<Content> {
        let (mut hasher, mut at) = (Hasher::new(), 0_u64);
        let mut buffer = vec![0; HOLE];
        loop {
            let n = self
                .store
                .read(View::Current, ino, at, &mut buffer, Access::Quiet)
                .await;
            let n = n.map_err(gone)?;
            hasher.update(&buffer[..n]);
            sink.put(at, &buffer[..n]).await?;
            at += n as u64;
            if n < buffer.len() {
                break;
            }
            buffer.resize(PIECE, 0);
        }
        let attr = self.store.attr(View::Current, ino).await.map_err(gone)?;
        match attr.version == version && attr.size == at {
            true => Ok(Content::Known(Digest(*hasher.finalize().as_bytes()), at)),
            false => Err(changed()),
        }
    }

    /// Gives a staged file, or anything just made, its attributes; values of extended ones come from whichever end has them.
    pub(super) async fn dress<T: Store>(
        &self,
        there: &End<'_, T>,
        ino: Ino,
        kind: FileKind,
        meta: &Meta,
        has: [Option<(Ino, &Node)>; 2],
    ) -> Result<()> {
        for (name, value) in self.values(there, meta, has).await? {
            self.store
                .set_xattr(self.by, ino, &name, &value, XattrMode::Any)
                .await?;
        }
        let set = attributes(kind, meta);
        self.store.set_attr(self.by, ino, &set).await.map(drop)
    }

    /// The values of extended attributes, from whichever end has them.
    pub(super) async fn values<T: Store>(
        &self,
        there: &End<'_, T>,
        meta: &Meta,
        has: [Option<(Ino, &Node)>; 2],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let [here_has, there_has] = has;
        let mut values = Vec::new();
        for (name, digest) in &meta.xattrs {
            let is_at = |has: Option<(Ino, &Node)>| {
                has.filter(|(_, node)| node.meta.xattrs.get(name) == Some(digest))
                    .map(|(ino, _)| ino)
            };
            let value = match (is_at(here_has), is_at(there_has)) {
                (Some(from), _) => self.store.xattr(View::Current, from, name).await,
                (None, Some(from)) => there.store.xattr(View::Current, from, name).await,
                (None, None) => return Err(changed()),
            };
            let value = value.map_err(gone)?;
            if Digest::of(&value) != *digest {
                return Err(changed());
            }
            values.push((name.clone(), value));
        }
        Ok(values)
    }
}

/// Attributes as they are set.
pub(super) fn attributes(kind: FileKind, meta: &Meta) -> SetAttr {
    SetAttr {
        mode: Some(meta.mode),
        uid: Some(meta.uid),
        gid: Some(meta.gid),
        mtime: (kind != FileKind::Directory).then_some(SetTime::At(meta.mtime)),
        ..SetAttr::default()
    }
}

/// The name of a copy of this file in the staging directory.
pub(super) fn stage_name(ino: Ino) -> Vec<u8> {
    ino.to_string().into_bytes()
}

/// What was to be read is gone: somebody removed it.
pub(super) fn gone(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NoData | ErrorKind::Stale => changed(),
        _ => error,
    }
}

/// Whether all of it is zero.
pub(super) fn is_zero(piece: &[u8]) -> bool {
    piece.iter().all(|byte| *byte == 0)
}

/// Where what is read goes.
trait Sink {
    async fn put(&mut self, at: u64, bytes: &[u8]) -> Result<()>;
}

struct Nowhere;

impl Sink for Nowhere {
    async fn put(&mut self, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

struct Into<'e, 's, S> {
    end: &'e End<'s, S>,
    ino: Ino,
    written: u64,
}

impl<S: Store> Sink for Into<'_, '_, S> {
    async fn put(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let mut from = 0;
        // Runs of pieces that are not zero are written at once.
        while from < bytes.len() {
            let mut end = from;
            while end < bytes.len() && !is_zero(&bytes[end..bytes.len().min(end + HOLE)]) {
                end = bytes.len().min(end + HOLE);
            }
            if end > from {
                let at = at + from as u64;
                let piece = &bytes[from..end];
                self.end
                    .store
                    .write(self.end.by, self.ino, WriteAt::Offset(at), piece, false)
                    .await?;
                self.written = at + piece.len() as u64;
            } else {
                end = bytes.len().min(from + HOLE);
            }
            from = end;
        }
        Ok(())
    }
}
