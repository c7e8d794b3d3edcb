//! What becomes of a chunk: which fragments stay, and which blocks its new bytes become.
//!
//! This is most of a commit's work, hashing above all, and depends on nothing but the chunk: chunks are composed on all
//! cores at once.

use std::borrow::Cow;

use tarbox_store::{ErrorKind, Result};

use crate::memtable::{Body, Pieces, Ranges, uncovered};
use crate::rows::{CHUNK, Fragment, Hash, MAX_FRAGMENTS, Map};
use crate::sql;

/// Where the bytes of an older block come from.
type Load<'a> = dyn FnMut(Hash) -> Result<Vec<u8>> + 'a;

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
    pub(super) composed: Option<Result<Composed<'a>>>,
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
            composed: None,
        }
    }

    /// Sets [`composed`](Self::composed).
    pub(super) fn compose(&mut self, load: &mut Load<'_>) {
        let mut composed = compose(&self.kept, self.pieces, load);
        if let Ok(composed) = &mut composed {
            tarbox_store::sort_by_key(&mut composed.fragments, |f| f.start);
        }
        self.composed = Some(composed);
    }
}

/// The fragments of a chunk from those that stay and the new pieces, whose bytes become blocks.
fn compose<'a>(kept: &[Fragment], pieces: &'a Pieces, load: &mut Load<'_>) -> Result<Composed<'a>> {
    let held = pieces.held();
    let count = kept.len() + pieces.iter().count();
    let old: u64 = kept.iter().map(|f| u64::from(f.len)).sum();
    if held > 0 && (count > MAX_FRAGMENTS || (!kept.is_empty() && held > old)) {
        match rewrite(kept, pieces, load) {
            // What is damaged stays where it is named, and must not keep everything else from being stored.
            Err(e) if matches!(e.kind(), ErrorKind::Corrupt | ErrorKind::Io) => {}
            rewritten => return rewritten,
        }
    }
    Ok(add(kept, pieces))
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

/// Makes one block of each run of bytes without a hole.
fn rewrite<'a>(kept: &[Fragment], pieces: &'a Pieces, load: &mut Load<'_>) -> Result<Composed<'a>> {
    let old = kept.iter().map(|f| {
        let (hash, skip, len) = (f.hash, f.skip, f.len);
        (f.start, Cow::Owned(Body::Block { hash, skip, len }))
    });
    let mut parts: Vec<(u32, Cow<'_, Body>)> = old.collect();
    parts.extend(pieces.iter().map(|p| (p.start, Cow::Borrowed(&p.body))));
    tarbox_store::sort_by_key(&mut parts, |(start, _)| *start);
    let mut composed = Composed::default();
    let mut loaded: Option<(Hash, Vec<u8>)> = None;
    let (mut start, mut run): (u32, Vec<u8>) = (0, Vec::new());
    for (at, body) in parts {
        if start + run.len() as u32 != at {
            composed.run(start, std::mem::take(&mut run));
            start = at;
        }
        match &*body {
            Body::Bytes(bytes) => run.extend_from_slice(bytes),
            Body::Block { hash, skip, len } => {
                // Neighbours are often parts of one block.
                let block = match loaded.take().filter(|(of, _)| of == hash) {
                    Some((_, bytes)) => bytes,
                    None => load(*hash)?,
                };
                let part = block.get(*skip as usize..(skip + len) as usize);
                run.extend_from_slice(part.ok_or_else(|| sql::damaged("a fragment lies outside its block"))?);
                loaded = Some((*hash, block));
            }
        }
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
