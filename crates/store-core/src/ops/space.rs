//! How many bytes a file takes, before a commit has counted them.

use tarbox_store::Ino;

use crate::memtable::{DirtyFile, Ranges, spans};
use crate::op::Op;
use crate::rows::CHUNK;
use crate::step::Step;
use crate::want::Want;

/// Chunks up to which a range is looked up one by one, in the cache.
const FEW: u64 = 64;

impl<'d> Op<'_, 'd> {
    /// By how many bytes the next commits will change what the chunks of a file of the head hold.
    pub(super) fn uncommitted(&mut self, key: Ino) -> Step<i64> {
        if !self.has_pending(key) {
            return Ok(0);
        }
        let (stored, size) = self
            .head_inode(key, |row| (row.stored, row.size))?
            .unwrap_or_default();
        let files = || self.state.tables().filter_map(|t| t.files.get(&key));
        // Nothing is hidden, or whatever is hidden is written anew: by far the most files.
        if (stored == 0 || stored >= size) && files().all(|file| file.holes.is_empty()) {
            return Ok(files().map(|file| file.len as i64).sum());
        }
        let (mut hides, mut holds) = (Ranges::default(), Ranges::default());
        for file in files() {
            add(file, &mut hides, &mut holds);
        }
        let hidden = hides.iter().try_fold(0, |sum, (start, end)| {
            self.committed_in(key, start, end).map(|len| sum + len)
        })?;
        Ok(holds.len() as i64 - hidden as i64)
    }

    /// Whether content of the file waits for a commit, or a hole does.
    pub(super) fn has_pending(&self, key: Ino) -> bool {
        self.state
            .tables()
            .any(|t| !t.files.is_empty() && t.files.contains_key(&key))
    }

    /// How many bytes the committed chunks hold of a range.
    fn committed_in(&mut self, key: Ino, start: u64, end: u64) -> Step<u64> {
        if end.div_ceil(CHUNK) - start / CHUNK > FEW {
            let file = key;
            return Ok(*self.ask(Want::Held { file, start, end })?.bytes()?);
        }
        let last = (end - 1) / CHUNK;
        spans(start, end).try_fold(0, |sum, span| {
            let fragments = self.fragments(key, span.index, last)?;
            let parts = fragments.iter().filter_map(|f| f.clip(span.start, span.end));
            Ok(sum + parts.map(|f| u64::from(f.len)).sum::<u64>())
        })
    }
}

/// Adds what a newer table has of a file to what older ones hide of the committed content, and hold in its place.
fn add(file: &DirtyFile, hides: &mut Ranges, holds: &mut Ranges) {
    for (start, end) in file.holes.iter() {
        hides.insert(start, end);
        holds.remove(start, end);
    }
    for (index, pieces) in &file.chunks {
        for piece in pieces.iter() {
            let base = index * CHUNK;
            let (start, end) = (base + u64::from(piece.start), base + u64::from(piece.end()));
            hides.insert(start, end);
            holds.insert(start, end);
        }
    }
}
