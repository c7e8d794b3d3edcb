//! Reading content: which bytes are in memory, which are in blocks, and which are holes.

use std::sync::Arc;

use tarbox_store::{Ino, LayerId, View};

use crate::engine::Target;
use crate::memtable::{Body, Memtable, spans};
use crate::op::Op;
use crate::rows::{CHUNK, Content, Fragment, Inode};
use crate::step::{Step, damaged};
use crate::want::{CHUNKS, Want};

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

impl Op<'_, '_> {
    /// Copies what is in memory, and says what has to be fetched. Needs no lock for the rest.
    pub(crate) fn plan_read(&mut self, view: View, ino: Ino, offset: u64, buffer: &mut [u8]) -> Step<Plan> {
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
            copied.ok_or_else(|| damaged("the data of a small file is shorter than the file"))?;
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
            self.refuse_holes(layer, key, &filling)?;
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
        key: Ino,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Step<Option<R>> {
        let Some(layer) = self.layer(view)? else {
            return self.head_inline(key, look);
        };
        let row = self.ask(Want::InodeAt(key, layer))?.inode()?;
        Ok(match row.as_ref().map(|row| &row.content) {
            Some(Content::Inline(bytes)) => Some(look(bytes)),
            _ => None,
        })
    }

    /// A file that is stored whole has no holes: where it seems to have one, a row was lost, and zeros would be a lie.
    ///
    /// The rows are asked for, whatever the caches say: they are of one moment.
    fn refuse_holes(&mut self, layer: Option<LayerId>, file: Ino, filling: &Filling<'_>) -> Step<()> {
        let row = match layer {
            None => Want::Inode(file),
            Some(layer) => Want::InodeAt(file, layer),
        };
        let dense = |row: &&Inode| row.content == Content::Chunked && row.stored >= row.size;
        let size = match self.ask(row)?.inode()?.as_ref().filter(dense) {
            Some(row) => row.size,
            None => return Ok(()),
        };
        for &(start, end) in &filling.gaps {
            for span in spans(start, end.min(size)) {
                let found = self.chunks(file, layer, span.index, span.index)?;
                let fragments = found.first().map_or(&[][..], |(_, map)| &map.fragments);
                let parts = fragments.iter().filter_map(|f| f.clip(span.start, span.end));
                let held: u64 = parts.map(|f| u64::from(f.len)).sum();
                if held < u64::from(span.end - span.start) {
                    let what = format!("chunk {} of inode {file} is missing", span.index);
                    return Err(damaged(what).into());
                }
            }
        }
        Ok(())
    }

    fn fill_from_chunks(&mut self, key: Ino, filling: &mut Filling<'_>) -> Step<()> {
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
    pub(super) fn fragments(&mut self, key: Ino, index: u64, last: u64) -> Step<Arc<[Fragment]>> {
        if let Some(found) = self.state.caches.chunks.get(&(key, index)) {
            return Ok(found.clone());
        }
        let last = last.min(index + 63);
        let rows = self.chunks(key, None, index, last)?;
        let of = |i: u64| {
            let row = rows.binary_search_by_key(&i, |(at, _)| *at);
            row.map_or(&[][..], |at| &rows[at].1.fragments)
        };
        // The one that is asked for last, so that its neighbours do not drive it out.
        for i in (index..=last).rev() {
            self.state.caches.chunks.insert((key, i), of(i).into());
        }
        Ok(of(index).into())
    }

    fn fill_from_layer(&mut self, key: Ino, layer: LayerId, filling: &mut Filling<'_>) -> Step<()> {
        for (start, end) in std::mem::take(&mut filling.gaps) {
            let (mut first, last) = (start / CHUNK, (end - 1) / CHUNK);
            let mut covered = start;
            while first <= last {
                let rows = self.chunks(key, Some(layer), first, last)?;
                let full = rows.len() == CHUNKS;
                for (index, map) in rows {
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
    fn take_memtable(&mut self, table: &Memtable, key: Ino) {
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
