//! What becomes of a chunk: which fragments stay, and which blocks its new bytes become.
//!
//! This is most of a commit's work, hashing above all, and depends on nothing but the chunk: chunks are composed on all
//! cores at once.

use std::borrow::Cow;
use std::sync::Arc;

use tarbox_store::Result;

use crate::engine::Target;
use crate::memtable::{Body, Pieces, Ranges, uncovered};
use crate::rows::{CHUNK, Fragment, Hash, MAX_FRAGMENTS, Map};
use crate::step::damaged;

/// The bytes that a chunk has in blocks, each at its place in the chunk.
pub(super) type Old = (Arc<Vec<u8>>, usize);

/// A block that has to be stored.
#[derive(Debug)]
pub(super) struct NewBlock<'a> {
    pub(super) hash: Hash,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// A chunk's new fragments, and the blocks they name that may be new.
#[derive(Debug, Default)]
pub(super) struct Composed<'a> {
    pub(super) fragments: Vec<Fragment>,
    pub(super) blocks: Vec<NewBlock<'a>>,
}

/// A chunk to compose.
pub(super) struct Work<'a> {
    pub(super) index: u64,
    /// The committed version.
    pub(super) base: Option<Map>,
    /// Fragments of it that are not written over.
    kept: Vec<Fragment>,
    pieces: &'a Pieces,
    /// What it has in blocks, for one that is to be made whole.
    pub(super) old: Option<Old>,
    pub(super) composed: Composed<'a>,
}

impl<'a> Work<'a> {
    pub(super) fn new(index: u64, base: Option<Map>, pieces: &'a Pieces, holes: &Ranges) -> Self {
        let start = index * CHUNK;
        let mut covered: Vec<(u32, u32)> = pieces.iter().map(|p| (p.start, p.end())).collect();
        let punched = holes.overlap(start, start.saturating_add(CHUNK));
        covered.extend(
            punched
                .iter()
                .map(|(from, to)| ((from - start) as u32, (to - start) as u32)),
        );
        tarbox_store::sort_by_key(&mut covered, |range| *range);
        let old = base.as_ref().map_or(&[][..], |map| &map.fragments);
        let kept = old.iter().flat_map(|f| uncovered(f, &covered)).collect();
        Self {
            index,
            base,
            kept,
            pieces,
            old: None,
            composed: Composed::default(),
        }
    }

    /// Whether it is better made whole than given one fragment more.
    pub(super) fn is_rewritten(&self) -> bool {
        let count = self.kept.len() + self.pieces.iter().count();
        let old: u64 = self.kept.iter().map(|f| u64::from(f.len)).sum();
        let held = self.pieces.held();
        held > 0 && (count > MAX_FRAGMENTS || (!self.kept.is_empty() && held > old))
    }

    /// What of it is in blocks, each part at its place behind `at`.
    pub(super) fn stored_parts(&self, at: usize) -> impl Iterator<Item = Target> + '_ {
        let kept = self.kept.iter().map(|f| (f.start, f.hash, f.skip, f.len));
        let shared = self.pieces.iter().filter_map(|p| match &p.body {
            Body::Block { hash, skip, len } => Some((p.start, *hash, *skip, *len)),
            Body::Bytes(_) => None,
        });
        kept.chain(shared).map(move |(start, hash, skip, len)| Target {
            hash,
            skip,
            len,
            at: at + start as usize,
        })
    }

    /// Sets [`composed`](Self::composed).
    pub(super) fn compose(&mut self) -> Result<()> {
        let mut composed = match self.old.take() {
            Some((bytes, at)) => rewrite(&self.kept, self.pieces, bytes.get(at..).unwrap_or_default())?,
            None => add(&self.kept, self.pieces),
        };
        tarbox_store::sort_by_key(&mut composed.fragments, |f| f.start);
        self.composed = composed;
        Ok(())
    }
}

/// Keeps the old fragments. New bytes of a chunk share a block, however many places they go to.
fn add<'a>(kept: &[Fragment], pieces: &'a Pieces) -> Composed<'a> {
    let mut composed = Composed {
        fragments: kept.to_vec(),
        blocks: Vec::new(),
    };
    let mut packed: Vec<u8> = Vec::new();
    let mut places: Vec<(u32, u32, u32)> = Vec::new();
    let single = pieces.iter().filter(|p| matches!(p.body, Body::Bytes(_))).count() == 1;
    for piece in pieces.iter() {
        match &piece.body {
            Body::Block { hash, skip, len } => composed.fragments.push(Fragment {
                start: piece.start,
                len: *len,
                skip: *skip,
                hash: *hash,
            }),
            Body::Bytes(bytes) if single => composed.block(piece.start, Cow::Borrowed(bytes)),
            Body::Bytes(bytes) => {
                places.push((piece.start, bytes.len() as u32, packed.len() as u32));
                packed.extend_from_slice(bytes);
            }
        }
    }
    if !packed.is_empty() {
        let hash = *blake3::hash(&packed).as_bytes();
        composed
            .fragments
            .extend(places.into_iter().map(|(start, len, skip)| Fragment {
                start,
                len,
                skip,
                hash,
            }));
        let bytes = packed.into();
        composed.blocks.push(NewBlock { hash, bytes });
    }
    composed
}

/// Makes one block of each run of bytes without a hole. `old` has those that are in blocks.
fn rewrite<'a>(kept: &[Fragment], pieces: &'a Pieces, old: &[u8]) -> Result<Composed<'a>> {
    let mut parts: Vec<(u32, u32, Option<&[u8]>)> = kept.iter().map(|f| (f.start, f.len, None)).collect();
    parts.extend(pieces.iter().map(|p| match &p.body {
        Body::Bytes(bytes) => (p.start, p.len(), Some(&bytes[..])),
        Body::Block { .. } => (p.start, p.len(), None),
    }));
    tarbox_store::sort_by_key(&mut parts, |(start, ..)| *start);
    let mut composed = Composed::default();
    let (mut start, mut run): (u32, Vec<u8>) = (0, Vec::new());
    for (at, len, bytes) in parts {
        if start + run.len() as u32 != at {
            composed.run(start, std::mem::take(&mut run));
            start = at;
        }
        let stored = || old.get(at as usize..(at + len) as usize);
        let part = bytes.or_else(stored);
        run.extend_from_slice(part.ok_or_else(|| damaged("a chunk reaches beyond its end"))?);
    }
    composed.run(start, run);
    Ok(composed)
}

impl<'a> Composed<'a> {
    fn run(&mut self, start: u32, run: Vec<u8>) {
        if !run.is_empty() {
            self.block(start, run.into());
        }
    }

    /// A block that one fragment shows whole.
    fn block(&mut self, start: u32, bytes: Cow<'a, [u8]>) {
        let hash = *blake3::hash(&bytes).as_bytes();
        self.fragments.push(Fragment {
            start,
            len: bytes.len() as u32,
            skip: 0,
            hash,
        });
        self.blocks.push(NewBlock { hash, bytes });
    }
}
