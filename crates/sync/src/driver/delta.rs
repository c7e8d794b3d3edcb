//! A large file that both sides have, and one of them changed: only the pieces that differ are copied.
//!
//! Both sides hash their pieces, large ones first, and of those that differ the small ones in them. The new file shares the blocks of the
//! old one, and gets what differs from the other side.

use std::ops::Range;

use futures_util::future::try_join;
use tarbox_store::*;

use super::end::End;
use super::stage::{PIECE, Staged, changed, gone, is_zero};
use crate::{Content, Digest};

/// Files below this size are copied whole.
const SIZE_MIN: u64 = 512 << 10;
/// Bytes of the pieces that are compared first, and of those in them. The small ones are as large as blocks, and begin where blocks do.
const LARGE: u32 = 16 << 20;
const SMALL: u32 = 128 << 10;

impl<S: Store> End<'_, S> {
    /// The hash of a file at one of its versions, made where the file is; `None` for one that is too large to be hashed as one piece.
    pub(super) async fn digest_there(&self, ino: Ino, version: Seq, size: u64) -> Result<Option<Content>> {
        if size > u64::from(LARGE) {
            return Ok(None);
        }
        let piece = (size as u32).next_power_of_two().max(DIGEST_PIECE_MIN);
        let digests = self
            .store
            .digests(View::Current, ino, 0, piece, 1)
            .await
            .map_err(gone)?;
        let attr = self.store.attr(View::Current, ino).await.map_err(gone)?;
        if attr.version != version || attr.size != size {
            return Err(changed());
        }
        let digest = digests
            .first()
            .map_or_else(|| Digest::of(b""), |digest| Digest(*digest));
        Ok(Some(Content::Known(digest, size)))
    }

    /// Makes a file with the content of one of the other end, starting with an old version of it here. `None` if that saves nothing.
    pub(super) async fn stage_changes<T: Store>(
        &self,
        there: &End<'_, T>,
        (ino, version): (Ino, Seq),
        old: Ino,
    ) -> Result<Option<Staged>> {
        let attr = |attr: Attr| (attr.version == version).then_some(attr.size);
        let size = attr(there.store.attr(View::Current, ino).await?).ok_or_else(changed)?;
        let kept = self.store.attr(View::Current, old).await?.size.min(size);
        if kept < SIZE_MIN {
            return Ok(None);
        }
        let mut differing = Vec::new();
        for range in compare((self, old), (there, ino), 0..size, LARGE).await? {
            differing.extend(compare((self, old), (there, ino), range, SMALL).await?);
        }
        let to_copy: u64 = differing.iter().map(|range| range.end - range.start).sum();
        if to_copy > size / 4 * 3 {
            return Ok(None);
        }
        let new = self.stage_empty(ino).await?;
        let mut copied = 0;
        while copied < kept {
            let by = self.by;
            let rest = kept - copied;
            let some = self
                .store
                .copy_range(by, View::Current, old, copied, new, copied, rest);
            match some.await? {
                // It is shorter by now.
                0 => return Err(changed()),
                some => copied += some,
            }
        }
        let mut buffer = vec![0; PIECE];
        for range in differing {
            self.bring(there, ino, new, range, &mut buffer).await?;
        }
        let set = SetAttr {
            size: Some(size),
            ..SetAttr::default()
        };
        let version_here = self.store.set_attr(self.by, new, &set).await?.version;
        // Whatever somebody did to one of the two files meanwhile: what is there is what the other side has, or is not used.
        let is_same = compare((self, new), (there, ino), 0..size, LARGE)
            .await?
            .is_empty();
        if !is_same || attr(there.store.attr(View::Current, ino).await?).is_none() {
            return Ok(None);
        }
        // The hash of all of it is made on the side that is near.
        let content: Content = match self.side {
            crate::Side::Local => self.digest(new, version_here).await?,
            crate::Side::Remote => there.digest(ino, version).await?,
        };
        Ok(Some(Staged { ino: new, content }))
    }

    /// Copies a range from the other end.
    async fn bring<T: Store>(
        &self,
        there: &End<'_, T>,
        from: Ino,
        to: Ino,
        range: Range<u64>,
        buffer: &mut [u8],
    ) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            let wanted = (range.end - at).min(buffer.len() as u64) as usize;
            let read = there
                .store
                .read(View::Current, from, at, &mut buffer[..wanted], Access::Quiet)
                .await?;
            if read < wanted {
                return Err(changed());
            }
            let piece = &buffer[..read];
            match is_zero(piece) {
                true => {
                    let how = Allocate::PunchHole;
                    let punched = self.store.allocate(self.by, to, how, at, read as u64, false);
                    punched.await?;
                }
                false => {
                    let written = self.store.write(self.by, to, WriteAt::Offset(at), piece, false);
                    written.await?;
                }
            }
            at += read as u64;
        }
        Ok(())
    }
}

/// The ranges in which two files differ, found by pieces of a size. What only the second has differs.
async fn compare<S: Store, T: Store>(
    (here, one): (&End<'_, S>, Ino),
    (there, other): (&End<'_, T>, Ino),
    range: Range<u64>,
    size: u32,
) -> Result<Vec<Range<u64>>> {
    let mut differing: Vec<Range<u64>> = Vec::new();
    let at_once = DIGESTS_MAX / u64::from(size);
    let mut from = range.start;
    while from < range.end {
        let count = (range.end - from).div_ceil(u64::from(size)).min(at_once);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let (mine, theirs) = try_join(
            here.store.digests(View::Current, one, from, size, count),
            there.store.digests(View::Current, other, from, size, count),
        )
        .await?;
        for at in 0..count {
            let begin = from + u64::from(at) * u64::from(size);
            let end = (begin + u64::from(size)).min(range.end);
            let pair = (mine.get(at as usize), theirs.get(at as usize));
            if pair.0.is_some() && pair.0 == pair.1 {
                continue;
            }
            match differing.last_mut() {
                Some(last) if last.end == begin => last.end = end,
                _ => differing.push(begin..end),
            }
        }
        from += u64::from(count) * u64::from(size);
    }
    Ok(differing)
}
