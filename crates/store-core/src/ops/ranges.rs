//! Byte ranges: allocating, punching, moving, and finding data and holes.

use tarbox_store::{Actor, Allocate, Error, ErrorKind, Ino, LayerId, Operation, SeekTo, View};

use super::write::SIZE_MAX;
use crate::delta::Edit;
use crate::memtable::{Body, Piece, Ranges, spans};
use crate::op::Op;
use crate::rows::{CHUNK, Content, Hash, Map};
use crate::step::Step;
use crate::want::{CHUNKS, Want};

/// Stored bytes of a file, wherever in it they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) hash: Hash,
    pub(super) skip: u32,
}

impl<'a> Op<'a, '_> {
    /// Answers `false` if the file's content has to be committed first.
    pub(crate) fn allocate(
        &mut self,
        by: &Actor,
        ino: Ino,
        how: Allocate,
        offset: u64,
        len: u64,
        clear_setid: bool,
    ) -> Step<bool> {
        let (key, size) = self.file(View::Current, ino)?;
        if len == 0 {
            return Err(Error::new(ErrorKind::Invalid)
                .because("the range is empty")
                .into());
        }
        let end = offset
            .checked_add(len)
            .filter(|end| *end <= SIZE_MAX)
            .ok_or(ErrorKind::FileTooLarge)?;
        let moves = matches!(how, Allocate::Collapse | Allocate::Insert);
        if moves && self.has_pending(key) {
            return Ok(false);
        }
        match how {
            Allocate::Extend | Allocate::KeepSize => {
                self.admit_bytes(end.saturating_sub(size))?;
                if how == Allocate::Extend && end > size {
                    self.resize(key, end)?;
                }
            }
            Allocate::PunchHole | Allocate::ZeroKeepSize => self.zero(key, offset, end.min(size))?,
            Allocate::ZeroRange => {
                self.zero(key, offset, end.min(size))?;
                if end > size {
                    self.resize(key, end)?;
                }
            }
            Allocate::Collapse if end >= size => {
                return Err(Error::new(ErrorKind::Invalid)
                    .because("the range reaches the end of the file")
                    .into());
            }
            Allocate::Insert if offset >= size => {
                return Err(Error::new(ErrorKind::Invalid)
                    .because("the range begins at the end of the file")
                    .into());
            }
            Allocate::Insert if size.checked_add(len).is_none_or(|new| new > SIZE_MAX) => {
                return Err(ErrorKind::FileTooLarge.into());
            }
            Allocate::Collapse => self.shift(key, size, end, offset)?,
            Allocate::Insert => self.shift(key, size, offset, end)?,
        }
        let now = self.now();
        let row = self.inode_mut(key)?;
        (row.mtime, row.ctime) = (now, now);
        if clear_setid {
            row.clear_setid();
        }
        self.log_inode(by, Operation::Allocate, ino, len)?;
        Ok(true)
    }

    fn zero(&mut self, key: Ino, start: u64, end: u64) -> Step<()> {
        if start >= end {
            return Ok(());
        }
        if self.inline_len(key)?.is_some() {
            if let Some(bytes) = self.inline_mut(key)? {
                bytes[start as usize..end as usize].fill(0);
            }
            return Ok(());
        }
        self.edit(key, Edit::Punch(start, end))
    }

    /// Moves everything from `from` on to `to`; what is in between when it moves up is a hole. Blocks are shared, not copied.
    fn shift(&mut self, key: Ino, size: u64, from: u64, to: u64) -> Step<()> {
        let new_size = size - from + to;
        if let Some(len) = self.inline_len(key)? {
            if new_size <= crate::rows::INLINE_MAX {
                self.admit_bytes(new_size.saturating_sub(len))?;
                if let Some(bytes) = self.inline_mut(key)? {
                    let tail = bytes.split_off(from as usize);
                    bytes.resize(to as usize, 0);
                    bytes.extend(tail);
                }
                self.inode_mut(key)?.size = new_size;
                let tenant = self.row_mut();
                tenant.bytes = (tenant.bytes + new_size).saturating_sub(len);
                return Ok(());
            }
            // Only a file that grows comes here: its content fits in one piece.
            let tail = self
                .inline_mut(key)?
                .map_or_else(Vec::new, |bytes| bytes.split_off(from as usize));
            let tenant = self.row_mut();
            tenant.bytes = tenant.bytes.saturating_sub(tail.len() as u64);
            self.outgrow(key)?;
            self.edit(key, Edit::Put(to, tail))?;
        } else {
            let moved = self.extents(key, None, from, size)?;
            self.edit(key, Edit::Punch(from.min(to), u64::MAX))?;
            self.share(key, &moved, from, to)?;
        }
        self.inode_mut(key)?.size = new_size;
        Ok(())
    }

    /// Up to [`CHUNKS`] committed chunks, of the head or of a layer.
    pub(super) fn chunks(
        &mut self,
        file: Ino,
        layer: Option<LayerId>,
        from: u64,
        to: u64,
    ) -> Step<&'a [(u64, Map)]> {
        let want = match layer {
            None => Want::Chunks { file, from, to },
            Some(layer) => Want::ChunksAt {
                file,
                from,
                to,
                layer,
            },
        };
        Ok(self.ask(want)?.chunks()?)
    }

    /// The committed extents in `start..end`, of the head or of a layer.
    pub(super) fn extents(
        &mut self,
        key: Ino,
        layer: Option<LayerId>,
        start: u64,
        end: u64,
    ) -> Step<Vec<Extent>> {
        let mut extents = Vec::new();
        let (mut index, last) = (start / CHUNK, end.saturating_sub(1) / CHUNK);
        while start < end && index <= last {
            let page = self.chunks(key, layer, index, last)?;
            let full = page.len() == CHUNKS;
            for (at, map) in page {
                let base = at * CHUNK;
                let (from, to) = (start.max(base) - base, end.min(base + CHUNK) - base);
                let parts = map
                    .fragments
                    .iter()
                    .filter_map(|f| f.clip(from as u32, to as u32));
                extents.extend(parts.map(|f| Extent {
                    offset: base + u64::from(f.start),
                    len: u64::from(f.len),
                    hash: f.hash,
                    skip: f.skip,
                }));
                index = at + 1;
            }
            if !full {
                break;
            }
        }
        Ok(extents)
    }

    /// Names extents in a file, each moved from `from` to `to`.
    pub(super) fn share(&mut self, key: Ino, extents: &[Extent], from: u64, to: u64) -> Step<()> {
        for e in extents {
            let offset = e.offset - from + to;
            let mut skip = e.skip;
            for span in spans(offset, offset + e.len) {
                let len = span.end - span.start;
                let body = Body::Block {
                    hash: e.hash,
                    skip,
                    len,
                };
                let start = span.start;
                self.edit(key, Edit::Insert(span.index, Piece { start, body }))?;
                skip += len;
            }
        }
        Ok(())
    }

    pub(crate) fn seek(&mut self, view: View, ino: Ino, offset: u64, to: SeekTo) -> Step<u64> {
        let (key, size) = self.file(view, ino)?;
        if offset >= size {
            return Err(ErrorKind::NoSuchAddress.into());
        }
        if self.inode(view, ino, |_, row| row.content != Content::Chunked)? {
            return Ok(if to == SeekTo::Data { offset } else { size });
        }
        let layer = self.layer(view)?;
        let mut index = offset / CHUNK;
        loop {
            let base = index * CHUNK;
            if base >= size {
                return match to {
                    SeekTo::Hole => Ok(size),
                    SeekTo::Data => Err(ErrorKind::NoSuchAddress.into()),
                };
            }
            let (from, end) = (offset.max(base), size.min(base + CHUNK));
            let stored = self.coverage(key, layer, index)?;
            let found = match to {
                SeekTo::Data => stored.overlap(from, end),
                SeekTo::Hole => stored.gaps(from, end),
            };
            if let Some((found, _)) = found.first() {
                return Ok(*found);
            }
            index = match to {
                SeekTo::Hole => index + 1,
                SeekTo::Data => match self.next_chunk(key, layer, index + 1)? {
                    Some(next) => next,
                    None => return Err(ErrorKind::NoSuchAddress.into()),
                },
            };
        }
    }

    /// The bytes of a chunk that are stored, by their place in the file.
    fn coverage(&mut self, key: Ino, layer: Option<LayerId>, index: u64) -> Step<Ranges> {
        let base = index * CHUNK;
        let mut stored = Ranges::default();
        for e in self.extents(key, layer, base, base + CHUNK)? {
            stored.insert(e.offset, e.offset + e.len);
        }
        if layer.is_none() {
            for file in self.state.tables().filter_map(|t| t.files.get(&key)) {
                for (start, end) in file.holes.overlap(base, base + CHUNK) {
                    stored.remove(start, end);
                }
                for piece in file.chunks.get(&index).into_iter().flat_map(|p| p.iter()) {
                    stored.insert(base + u64::from(piece.start), base + u64::from(piece.end()));
                }
            }
        }
        Ok(stored)
    }

    fn next_chunk(&mut self, key: Ino, layer: Option<LayerId>, from: u64) -> Step<Option<u64>> {
        let file = key;
        let committed = *self.ask(Want::NextChunk { file, from, layer })?.index()?;
        let files = self
            .state
            .tables()
            .filter(|_| layer.is_none())
            .filter_map(|t| t.files.get(&key));
        let pending = files
            .filter_map(|file| file.chunks.range(from..).next().map(|(index, _)| *index))
            .min();
        Ok(committed.into_iter().chain(pending).min())
    }
}
