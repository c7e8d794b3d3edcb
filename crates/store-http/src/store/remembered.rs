//! Paths and content: from memory where it knows them, and otherwise asked for and kept.

use tarbox_protocol::limits::CONTENT_MAX;
use tarbox_protocol::{Answer, Bytes, Call, Wire};
use tarbox_store::*;

use super::HttpStore;
use crate::cache::BLOCK;
use crate::calls;
use crate::client::Told;
use crate::stamps::Subject;
use crate::transport::Transport;

/// How far a read goes ahead of what was asked for, where nothing of it is cached.
const AHEAD: u64 = 4 * BLOCK;

impl<T: Transport> HttpStore<T> {
    /// The attributes of an entry from memory: `Some(None)` where there is none.
    pub(super) fn cached_entry(&self, view: View, dir: Ino, name: &[u8]) -> Option<Option<Attr>> {
        let (cache, now) = (&self.client.cache, self.client.now());
        match cache.entry(view, dir, name, now)? {
            None => Some(None),
            Some(ino) => cache.attr(view, ino, now).map(Some),
        }
    }

    /// A walk from memory, if it knows all of it.
    pub(super) fn cached_walk(&self, view: View, start: Ino, names: &[&[u8]]) -> Option<Vec<Attr>> {
        let (mut found, mut dir) = (Vec::with_capacity(names.len()), start);
        for name in names {
            match self.cached_entry(view, dir, name)? {
                None => break,
                Some(attr) => {
                    found.push(attr);
                    dir = attr.ino;
                    if !attr.is_dir() {
                        break;
                    }
                }
            }
        }
        Some(found)
    }

    /// Walks names that fit into one request.
    pub(super) async fn walk_asking(&self, view: View, start: Ino, names: &[&[u8]]) -> Result<Vec<Attr>> {
        let call = Call::Walk {
            view: Wire(view),
            start: start.into(),
            names: names.iter().map(|name| Bytes::from(*name)).collect(),
        };
        let told = |told: Told<'_>| {
            let at = told.at;
            let found = calls::attrs(told.one()?)?;
            if found.len() > names.len() {
                return Err(calls::unexpected());
            }
            let cache = &self.client.cache;
            let mut dir = start;
            for (attr, name) in found.iter().zip(names) {
                cache.keep_attr(view, *attr, at);
                cache.keep_entry(view, dir, name, Some(attr.ino), at);
                dir = attr.ino;
            }
            let ended_at_a_directory = found.last().is_none_or(Attr::is_dir);
            if let Some(missing) = names.get(found.len())
                && ended_at_a_directory
            {
                cache.keep_entry(view, dir, missing, None, at);
            }
            Ok(found)
        };
        self.client.ask(None, call, told).await
    }

    /// Reads from memory, if it knows all of it.
    pub(super) fn cached_read(&self, view: View, ino: Ino, offset: u64, buffer: &mut [u8]) -> Option<usize> {
        let now = self.client.now();
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let block = self.client.cache.block(view, ino, at / BLOCK, now)?;
            let from = (at % BLOCK) as usize;
            let part = block.get(from..).unwrap_or_default();
            let n = part.len().min(buffer.len() - done);
            buffer[done..done + n].copy_from_slice(&part[..n]);
            done += n;
            if (block.len() as u64) < BLOCK && done < buffer.len() {
                break;
            }
        }
        Some(done)
    }

    /// Reads what fits into one request, which is one moment of the file, and keeps it.
    pub(super) async fn read_asking(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        buffer: &mut [u8],
        access: Access,
    ) -> Result<usize> {
        let len = buffer.len() as u64;
        let (start, end) = match self.client.cache.is_on() {
            true => {
                let start = offset - offset % BLOCK;
                let end = (offset + len).next_multiple_of(BLOCK).max(start + AHEAD);
                (start, end.min(start + CONTENT_MAX as u64).max(offset + len))
            }
            false => (offset, offset + len),
        };
        let (start, end) = match end - start <= CONTENT_MAX as u64 {
            true => (start, end),
            false => (offset, offset + len),
        };
        let call = Call::Read {
            view: Wire(view),
            ino: ino.into(),
            offset: start,
            len: (end - start) as u32,
            access: Wire(access),
        };
        let cache = &self.client.cache;
        let told = |told: Told<'_>| {
            let at = told.at;
            let Answer::Bytes(content) = told.one()? else {
                return Err(calls::unexpected());
            };
            if content.len() as u64 > end - start {
                return Err(calls::unexpected());
            }
            if start.is_multiple_of(BLOCK) && cache.is_on() {
                let whole = end - start;
                for (index, block) in content.chunks(BLOCK as usize).enumerate() {
                    // The last one is kept if it is whole, or ends with the file.
                    if block.len() as u64 == BLOCK || (content.len() as u64) < whole {
                        cache.keep_block(view, ino, start / BLOCK + index as u64, block, at);
                    }
                }
                if (content.len() as u64) < whole && (content.len() as u64).is_multiple_of(BLOCK) {
                    cache.keep_block(view, ino, (start + content.len() as u64) / BLOCK, &[], at);
                }
            }
            let skip = (offset - start) as usize;
            let part = content.get(skip..).unwrap_or_default();
            let n = part.len().min(buffer.len());
            buffer[..n].copy_from_slice(&part[..n]);
            Ok(n)
        };
        let n = self.client.ask(None, call, told).await?;
        if access == Access::Touch && view == View::Current {
            // The time of the last read may have moved.
            self.forget(&[Subject::Attr(ino)]);
        }
        Ok(n)
    }
}
