//! Reading content: which bytes are in memory, which are in blocks, and which are holes.

use std::sync::Arc;

use tarbox_store::{Ino, LayerId, Result, View};

use crate::memtable::{Body, Memtable, Span, spans};
use crate::rows::{CHUNK, Content, Fragment, Hash, Key};
use crate::shared::Op;
use crate::sql;

/// Bytes of a block that belong somewhere in the reader's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) hash: Hash,
    pub(crate) skip: u32,
    pub(crate) len: u32,
    /// Where they go in the buffer.
    pub(crate) at: usize,
}

/// A read in progress: what is in memory has been copied.
pub(crate) struct Plan {
    /// Bytes of the buffer that are the answer.
    pub(crate) len: usize,
    /// What has still to be fetched from blocks.
    pub(crate) targets: Vec<Target>,
}

/// The buffer of a read and what of it has no source yet.
struct Filling<'a> {
    buffer: &'a mut [u8],
    offset: u64,
    gaps: Vec<(u64, u64)>,
    targets: Vec<Target>,
}

impl Op<'_> {
    /// Copies what is in memory, and says what has to be fetched. Needs no lock for the rest.
    pub(crate) fn plan_read(&mut self, view: View, ino: Ino, offset: u64, buffer: &mut [u8]) -> Result<Plan> {
        let (key, size) = self.file(view, ino)?;
        let len = size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        if len == 0 {
            return Ok(Plan {
                len,
                targets: Vec::new(),
            });
        }
        let buffer = &mut buffer[..len];
        let start = offset as usize;
        let inline = self.inline_content(view, key, |bytes| {
            // As long as the file, unless another process has committed since the row was read.
            let part = bytes.get(start..start + len);
            part.map(|part| buffer.copy_from_slice(part))
        })?;
        if let Some(copied) = inline {
            copied.ok_or_else(|| sql::damaged("the data of a small file is shorter than the file"))?;
            return Ok(Plan {
                len,
                targets: Vec::new(),
            });
        }
        let gaps = vec![(offset, offset + len as u64)];
        let mut filling = Filling {
            buffer,
            offset,
            gaps,
            targets: Vec::new(),
        };
        let layer = self.layer(view)?;
        match layer {
            Some(layer) => self.fill_from_layer(key, layer, &mut filling)?,
            None => {
                filling.take_memtable(&self.state.active, key);
                if let Some(frozen) = &self.state.frozen {
                    filling.take_memtable(&frozen.table, key);
                }
                self.fill_from_chunks(key, &mut filling)?;
            }
        }
        if filling.has_gaps() && self.inode(view, ino, |_, row| row.stored >= row.size)? {
            self.fill_dense(layer, key, &mut filling)?;
        }
        filling.zero();
        Ok(Plan {
            len,
            targets: filling.targets,
        })
    }

    /// Looks at the inline content of an inode in a view; `None` if it is in chunks.
    pub(super) fn inline_content<R>(
        &mut self,
        view: View,
        key: Key,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        let Some(layer) = self.layer(view)? else {
            return self.head_inline(key, look);
        };
        let row = self.shared.engine.read(|c| sql::inode::get_at(c, key, layer))?;
        Ok(match row.map(|row| row.content) {
            Some(Content::Inline(bytes)) => Some(look(&bytes)),
            _ => None,
        })
    }

    /// A file that is stored whole has no holes: where it seems to have one, a row was lost, and zeros would be a lie. What
    /// another look finds is taken; it may have been written meanwhile.
    fn fill_dense(&self, layer: Option<LayerId>, key: Key, filling: &mut Filling<'_>) -> Result<()> {
        let found = self.shared.engine.snapshot(|c| {
            let inode = match layer {
                None => sql::inode::get(c, key)?,
                Some(layer) => sql::inode::get_at(c, key, layer)?,
            };
            let dense = inode.filter(|it| it.content == Content::Chunked && it.stored >= it.size);
            let size = dense.map_or(0, |it| it.size);
            let mut found = Vec::new();
            for &(start, end) in &filling.gaps {
                for span in spans(start, end.min(size)) {
                    let chunk = match layer {
                        None => sql::chunk::range(c, key, span.index, span.index)?,
                        Some(layer) => sql::chunk::range_at(c, key, span.index, span.index, layer)?,
                    };
                    found.push((
                        span,
                        chunk.into_iter().flat_map(|(_, map)| map.fragments).collect(),
                    ));
                }
            }
            Ok((size, found))
        });
        let (size, found): (u64, Vec<(Span, Vec<Fragment>)>) = found?;
        filling
            .gaps
            .iter_mut()
            .for_each(|(start, _)| *start = size.max(*start));
        for (span, fragments) in found {
            let before = filling.gaps.len();
            filling.take_fragments(span.index, span.start, span.end, &fragments);
            if filling.gaps.len() > before {
                return Err(sql::damaged(format!(
                    "chunk {} of inode {} is missing",
                    span.index,
                    key.ino()
                )));
            }
        }
        Ok(())
    }

    fn fill_from_chunks(&mut self, key: Key, filling: &mut Filling<'_>) -> Result<()> {
        for (start, end) in std::mem::take(&mut filling.gaps) {
            let last = (end - 1) / CHUNK;
            for span in spans(start, end) {
                let fragments = self.fragments(key, span.index, last)?;
                filling.take_fragments(span.index, span.start, span.end, &fragments);
            }
        }
        Ok(())
    }

    /// The committed fragments of a chunk; `last` says how far the caller will go on.
    pub(super) fn fragments(&mut self, key: Key, index: u64, last: u64) -> Result<Arc<[Fragment]>> {
        if let Some(found) = self.state.caches.chunks.get(&(key, index)) {
            return Ok(found.clone());
        }
        let last = last.min(index + 63);
        let rows = self
            .shared
            .engine
            .read(|c| sql::chunk::range(c, key, index, last))?;
        let mut rows = rows.into_iter().peekable();
        for i in index..=last {
            let row = rows.next_if(|(at, _)| *at == i);
            let fragments: Arc<[Fragment]> = row.map(|(_, map)| map.fragments).unwrap_or_default().into();
            self.state.caches.chunks.insert((key, i), fragments.clone());
            if i == index && last == index {
                return Ok(fragments);
            }
        }
        match self.state.caches.chunks.get(&(key, index)) {
            Some(found) => Ok(found.clone()),
            // Evicted at once by its neighbours: a cache of almost no size.
            None => self.fragments(key, index, index),
        }
    }

    fn fill_from_layer(&mut self, key: Key, layer: LayerId, filling: &mut Filling<'_>) -> Result<()> {
        for (start, end) in std::mem::take(&mut filling.gaps) {
            let (mut first, last) = (start / CHUNK, (end - 1) / CHUNK);
            let mut covered = start;
            while first <= last {
                let rows = self
                    .shared
                    .engine
                    .read(|c| sql::chunk::range_at(c, key, first, last, layer))?;
                let full = rows.len() == sql::chunk::PAGE;
                for (index, map) in &rows {
                    let base = index * CHUNK;
                    filling.gaps.push((covered, base.max(covered)));
                    let (from, to) = (start.max(base) - base, end.min(base + CHUNK) - base);
                    filling.take_fragments(*index, from as u32, to as u32, &map.fragments);
                    covered = (base + CHUNK).min(end);
                    first = index + 1;
                }
                if !full {
                    break;
                }
            }
            filling.gaps.push((covered, end));
        }
        Ok(())
    }
}

impl Filling<'_> {
    /// Takes what a memtable says of the gaps, and leaves the rest.
    fn take_memtable(&mut self, table: &Memtable, key: Key) {
        let Some(file) = table.files.get(&key) else { return };
        for (start, end) in std::mem::take(&mut self.gaps) {
            for span in spans(start, end) {
                let base = span.index * CHUNK;
                let pieces = file.chunks.get(&span.index);
                let mut at = span.start;
                for piece in pieces.map_or(&[][..], |p| p.overlapping(span.start, span.end)) {
                    let (from, to) = (piece.start.max(span.start), piece.end().min(span.end));
                    if at < from {
                        self.gaps.push((base + u64::from(at), base + u64::from(from)));
                    }
                    let into = (base + u64::from(from) - self.offset) as usize;
                    let (skip, len) = (from - piece.start, to - from);
                    match &piece.body {
                        Body::Bytes(bytes) => self.buffer[into..into + len as usize]
                            .copy_from_slice(&bytes[skip as usize..(skip + len) as usize]),
                        Body::Block {
                            hash, skip: inner, ..
                        } => {
                            self.targets.push(Target {
                                hash: *hash,
                                skip: inner + skip,
                                len,
                                at: into,
                            });
                        }
                    }
                    at = to;
                }
                if at < span.end {
                    self.gaps.push((base + u64::from(at), base + u64::from(span.end)));
                }
            }
        }
        if !file.holes.is_empty() {
            for (start, end) in std::mem::take(&mut self.gaps) {
                for (from, to) in file.holes.overlap(start, end) {
                    self.zero_range(from, to);
                }
                self.gaps.extend(file.holes.gaps(start, end));
            }
        }
    }

    /// Takes the fragments of a chunk for `start..end` in it; what they leave is a gap again.
    fn take_fragments(&mut self, index: u64, start: u32, end: u32, fragments: &[Fragment]) {
        let base = index * CHUNK;
        let mut at = start;
        let first = fragments.partition_point(|f| f.end() <= start);
        for f in fragments[first..].iter().map_while(|f| f.clip(start, end)) {
            if at < f.start {
                self.gaps.push((base + u64::from(at), base + u64::from(f.start)));
            }
            let into = (base + u64::from(f.start) - self.offset) as usize;
            self.targets.push(Target {
                hash: f.hash,
                skip: f.skip,
                len: f.len,
                at: into,
            });
            at = f.end();
        }
        if at < end {
            self.gaps.push((base + u64::from(at), base + u64::from(end)));
        }
    }

    fn has_gaps(&self) -> bool {
        self.gaps.iter().any(|(start, end)| start < end)
    }

    fn zero(&mut self) {
        for (start, end) in std::mem::take(&mut self.gaps) {
            self.zero_range(start, end);
        }
    }

    fn zero_range(&mut self, start: u64, end: u64) {
        if start < end {
            self.buffer[(start - self.offset) as usize..(end - self.offset) as usize].fill(0);
        }
    }
}
