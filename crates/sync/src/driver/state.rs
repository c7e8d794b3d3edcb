//! What a replica remembers: in the replica itself, so that a crash or a copy of it takes both back to the same moment.
//!
//! Pairs are appended to one file, and a second, small one says how far that counts. It is replaced as a whole, so what was
//! remembered is always one moment; bytes behind its end are what an interruption left, and are overwritten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tarbox_store::*;

use super::end::new_inode;
use crate::plan::ConflictKind;
use crate::{Base, Pair};

/// The layout of both files.
const FORMAT: u32 = 1;
const HEAD: &[u8] = b"head";
const NEW_HEAD: &[u8] = b"head.new";
/// Bytes of one read or write.
const PIECE: usize = 1 << 20;
/// Conflicts and happenings that are kept: the oldest go.
const KEPT: usize = 1_000;

/// A conflict that was told, until somebody resolves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clash {
    /// When it was found.
    pub time: Timestamp,
    /// What it is.
    pub kind: ConflictKind,
    /// The path.
    #[serde(with = "path_text")]
    pub path: Vec<u8>,
    /// Where the other content is.
    #[serde(with = "optional_path_text")]
    pub copy: Option<Vec<u8>>,
}

/// Something that happened, for the log of a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub time: Timestamp,
    /// What, as a sentence.
    pub what: String,
}

/// How a replica stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// When it last was in step with the server.
    pub synced: Option<Timestamp>,
    /// Conflicts that nobody has resolved.
    pub conflicts: Vec<Clash>,
    /// What stays in the replica, by path, and why the server refused it.
    pub refused: BTreeMap<String, String>,
    /// What happened, the oldest first.
    pub log: Vec<Happening>,
}

impl Status {
    /// Notes what happened.
    pub(super) fn note(&mut self, time: Timestamp, what: impl Into<String>) {
        let what = what.into();
        self.log.push(Happening { time, what });
        let over = self.log.len().saturating_sub(KEPT);
        self.log.drain(..over);
    }

    pub(super) fn clash(&mut self, clash: Clash) {
        let is_known =
            |known: &Clash| (known.kind, &known.path, &known.copy) == (clash.kind, &clash.path, &clash.copy);
        if !self.conflicts.iter().any(is_known) {
            self.conflicts.push(clash);
            let over = self.conflicts.len().saturating_sub(KEPT);
            self.conflicts.drain(..over);
        }
    }
}

/// The small file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    format: u32,
    /// Names this replica, at the server too.
    pub(super) replica: u64,
    /// When the tenant at the server was made.
    pub(super) made: Option<Timestamp>,
    /// The positions of both logs at which everything was as the pairs say; 0 where everything has to be looked at.
    pub(super) local: Seq,
    pub(super) remote: Seq,
    /// The last record of the server that was seen, and its hash: a server that went back has another one there, or none.
    pub(super) mark: Option<(Seq, [u8; 32])>,
    /// The file of pairs: its number, and the bytes of it that count.
    file: u64,
    len: u64,
    /// Pairs in the file, also those that others took the place of.
    frames: u64,
    pub(super) status: Status,
}

#[derive(Debug, Serialize, Deserialize)]
enum Frame {
    Pair(Pair),
    /// It is not the same on both sides any more, or gone.
    Gone(Ino),
    /// What is about to be.
    Pending(Pair),
    /// Nothing is about to be any more.
    Settled,
}

/// What a replica remembers.
#[derive(Debug)]
pub(super) struct Memory {
    dir: Ino,
    pub(super) head: Head,
    pairs: BTreeMap<Ino, Pair>,
    pending: Vec<Pair>,
}

impl Memory {
    /// What is remembered in this directory; a new replica remembers nothing but its name.
    pub(super) async fn load<S: Store>(store: &S, by: &Actor, dir: Ino, replica: u64) -> Result<Self> {
        let mut memory = Self {
            dir,
            head: Head {
                format: FORMAT,
                replica,
                ..Head::default()
            },
            pairs: BTreeMap::new(),
            pending: Vec::new(),
        };
        let found = match store.lookup(View::Current, dir, HEAD).await {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                memory.save(store, by).await?;
                return Ok(memory);
            }
            found => found?,
        };
        let bytes = read(store, found.ino, 0, found.size).await?;
        let head: Head = postcard::from_bytes(&bytes).map_err(|_| damaged())?;
        if head.format != FORMAT {
            return Err(Error::new(ErrorKind::Unsupported)
                .about("/.tarbox/sync/head")
                .because("it was written by another version of Tarbox"));
        }
        if head.file != 0 {
            let file = store.lookup(View::Current, dir, &file_name(head.file)).await?;
            if file.size < head.len {
                return Err(damaged());
            }
            let bytes = read(store, file.ino, 0, head.len).await?;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (frame, behind) = postcard::take_from_bytes(rest).map_err(|_| damaged())?;
                rest = behind;
                memory.take_in(frame);
            }
        }
        memory.head = head;
        Ok(memory)
    }

    fn take_in(&mut self, frame: Frame) {
        match frame {
            Frame::Pair(pair) => drop(self.pairs.insert(pair.local, pair)),
            Frame::Gone(local) => drop(self.pairs.remove(&local)),
            Frame::Pending(pair) => self.pending.push(pair),
            Frame::Settled => self.pending.clear(),
        }
    }

    pub(super) fn base(&self) -> Base {
        Base {
            pairs: self.pairs.values().cloned().collect(),
            pending: self.pending.clone(),
        }
    }

    /// Forgets what both sides had: they are connected anew.
    pub(super) fn forget(&mut self) {
        self.pairs.clear();
        self.pending.clear();
        (self.head.file, self.head.len, self.head.frames) = (self.head.file, 0, 0);
        (self.head.local, self.head.remote, self.head.mark) = (Seq(0), Seq(0), None);
    }

    /// Keeps of what was about to be only what is.
    pub(super) fn expect_only(&mut self, is_there: impl Fn(&Pair) -> bool) {
        self.pending.retain(is_there);
    }

    /// Remembers what is about to become the same on both sides.
    pub(super) async fn expect<S: Store>(&mut self, store: &S, by: &Actor, pairs: Vec<Pair>) -> Result<()> {
        let known = std::mem::take(&mut self.pending);
        let pending = known.into_iter().chain(pairs).map(Frame::Pending);
        let frames = std::iter::once(Frame::Settled).chain(pending).collect();
        self.append(store, by, frames).await
    }

    /// Remembers what is the same on both sides now.
    pub(super) async fn settle<S: Store>(&mut self, store: &S, by: &Actor, base: Base) -> Result<()> {
        let new: BTreeMap<Ino, Pair> = base.pairs.into_iter().map(|pair| (pair.local, pair)).collect();
        let mut frames = vec![Frame::Settled];
        frames.extend(
            self.pairs
                .keys()
                .filter(|ino| !new.contains_key(ino))
                .map(|ino| Frame::Gone(*ino)),
        );
        let changed = new
            .into_values()
            .filter(|pair| self.pairs.get(&pair.local) != Some(pair));
        frames.extend(changed.map(Frame::Pair));
        self.append(store, by, frames).await
    }

    async fn append<S: Store>(&mut self, store: &S, by: &Actor, frames: Vec<Frame>) -> Result<()> {
        let mut bytes = Vec::new();
        let added = frames.len() as u64;
        for frame in frames {
            bytes = postcard::to_extend(&frame, bytes).map_err(|_| damaged())?;
            self.take_in(frame);
        }
        let live = (self.pairs.len() + self.pending.len()) as u64;
        let old = self.head.file;
        let is_stale = self.head.frames + added > 2 * live + 1_000;
        if old == 0 || is_stale {
            bytes.clear();
            let pending = self.pending.iter().cloned().map(Frame::Pending);
            for frame in self.pairs.values().cloned().map(Frame::Pair).chain(pending) {
                bytes = postcard::to_extend(&frame, bytes).map_err(|_| damaged())?;
            }
            self.head.file += 1;
            (self.head.len, self.head.frames) = (0, live);
        } else {
            self.head.frames += added;
        }
        if !bytes.is_empty() || old != self.head.file {
            let file = make(store, by, self.dir, &file_name(self.head.file)).await?;
            write(store, by, file, self.head.len, &bytes).await?;
            self.head.len += bytes.len() as u64;
        }
        self.save(store, by).await?;
        if old != 0 && old != self.head.file {
            forgive(
                store
                    .unlink(by, self.dir, &file_name(old), Unlink::File)
                    .await
                    .map(drop),
            )?;
        }
        Ok(())
    }

    /// Writes the small file.
    pub(super) async fn save<S: Store>(&self, store: &S, by: &Actor) -> Result<()> {
        let bytes = postcard::to_stdvec(&self.head).map_err(|_| damaged())?;
        forgive(store.unlink(by, self.dir, NEW_HEAD, Unlink::File).await.map(drop))?;
        let file = make(store, by, self.dir, NEW_HEAD).await?;
        write(store, by, file, 0, &bytes).await?;
        store
            .rename(by, (self.dir, NEW_HEAD), (self.dir, HEAD), RenameMode::Replace)
            .await
    }
}

fn file_name(number: u64) -> Vec<u8> {
    format!("pairs-{number}").into_bytes()
}

async fn make<S: Store>(store: &S, by: &Actor, dir: Ino, name: &[u8]) -> Result<Ino> {
    match store
        .create(by, dir, name, &new_inode(FileKind::File, 0o600))
        .await
    {
        Err(e) if e.kind() == ErrorKind::Exists => Ok(store.lookup(View::Current, dir, name).await?.ino),
        made => Ok(made?.ino),
    }
}

async fn write<S: Store>(store: &S, by: &Actor, ino: Ino, mut at: u64, bytes: &[u8]) -> Result<()> {
    for piece in bytes.chunks(PIECE) {
        store.write(by, ino, WriteAt::Offset(at), piece, false).await?;
        at += piece.len() as u64;
    }
    Ok(())
}

async fn read<S: Store>(store: &S, ino: Ino, from: u64, len: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(len).map_err(|_| damaged())?];
    let mut done = 0;
    while done < bytes.len() {
        let end = bytes.len().min(done + PIECE);
        let piece = &mut bytes[done..end];
        let n = store
            .read(View::Current, ino, from + done as u64, piece, Access::Quiet)
            .await?;
        if n == 0 {
            return Err(damaged());
        }
        done += n;
    }
    Ok(bytes)
}

fn forgive(result: Result<()>) -> Result<()> {
    match result {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn damaged() -> Error {
    Error::new(ErrorKind::Corrupt)
        .about("/.tarbox/sync")
        .because("what the replica remembers is damaged: 'tarbox sync reset' connects it anew, and keeps all files of both sides")
}

/// Paths are text for people, and bytes where a machine reads them again.
mod path_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(&String::from_utf8_lossy(path)),
            false => path.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Vec::deserialize(deserializer)
    }
}

mod optional_path_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match (serializer.is_human_readable(), path) {
            (true, Some(path)) => serializer.serialize_some(&String::from_utf8_lossy(path)),
            _ => path.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Option::deserialize(deserializer)
    }
}
