//! Items become an archive.

use std::collections::HashMap;
use std::io::{self, Write};

use tarbox_store::{ErrorKind, FileKind};

use super::BLOCK;
use super::header::Header;
use super::pax::{Pax, XATTR, time_text};
use super::sparse;
use super::sparse::Pieces;
use crate::failure::{Failure, Result};
use crate::platform;
use crate::transfer::item::{Item, LinkId, Meta};

/// GNU tar writes records of this size, and some readers expect whole ones.
const RECORD: u64 = 20 * BLOCK as u64;

/// Whether owners are named or only numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnerNames {
    /// The names that the host's users have, beside the numbers.
    Written,
    /// Numbers only.
    Left,
}

/// Writes one archive.
pub(crate) struct TarWriter<W> {
    out: W,
    name: Vec<u8>,
    names: OwnerNames,
    at: u64,
    /// The directory that is being told; empty or with a slash at its end.
    dir: Vec<u8>,
    lens: Vec<usize>,
    links: HashMap<LinkId, Vec<u8>>,
    file: Option<OpenFile>,
}

/// Content that is still to come.
struct OpenFile {
    /// The pieces announced, the last first.
    pieces: Pieces,
    /// Where in the file the next byte belongs.
    next: u64,
}

impl<W: Write> TarWriter<W> {
    /// A writer of an archive called `name`.
    pub(crate) fn new(out: W, name: &[u8], names: OwnerNames) -> Self {
        Self {
            out,
            name: name.to_vec(),
            names,
            at: 0,
            dir: b"./".to_vec(),
            lens: Vec::new(),
            links: HashMap::new(),
            file: None,
        }
    }

    /// Writes one item.
    ///
    /// # Errors
    /// What cannot be in an archive is reported as such, and the next item can follow; an archive that cannot be
    /// written is an error about itself.
    pub(crate) fn write(&mut self, item: Item) -> Result<()> {
        match item {
            Item::Trouble(failure) => return Err(failure),
            Item::Enter { name, meta } => {
                self.lens.push(self.dir.len());
                if !name.is_empty() {
                    self.dir.extend_from_slice(&name);
                    self.dir.push(b'/');
                }
                let path = self.dir.clone();
                self.member(b'5', &path, &meta, b"", 0, Pax::default())?;
            }
            Item::Leave { .. } => {
                let len = self.lens.pop().unwrap_or_default();
                self.dir.truncate(len);
            }
            Item::File { name, meta, id, map } => self.begin_file(&name, &meta, id, map)?,
            Item::Data { offset, bytes } => self.data(offset, &bytes)?,
            Item::EndFile { .. } | Item::Abandon => self.end_file()?,
            Item::Symlink {
                name,
                meta,
                target,
                id,
            } => {
                let path = self.path(&name, id);
                self.member(b'2', &path, &meta, &target, 0, Pax::default())?;
            }
            Item::Special { name, meta, id } => self.special(&name, &meta, id)?,
            Item::Again { name, id } => self.again(&name, id)?,
        }
        Ok(())
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// What the output said.
    pub(crate) fn finish(mut self) -> Result<W> {
        let end = (self.at + 2 * BLOCK as u64).next_multiple_of(RECORD);
        self.zeros(end - self.at)?;
        self.out.flush().map_err(|e| Failure::host(&self.name, &e))?;
        Ok(self.out)
    }

    fn begin_file(
        &mut self,
        name: &[u8],
        meta: &Meta,
        id: Option<LinkId>,
        map: Option<Pieces>,
    ) -> Result<()> {
        let path = self.path(name, id);
        let Some(mut pieces) = map else {
            self.member(b'0', &path, meta, b"", meta.size, Pax::default())?;
            self.file = Some(OpenFile {
                pieces: vec![(0, meta.size)],
                next: 0,
            });
            return Ok(());
        };
        // A hole at the end is told by an empty piece there: some readers know the length from nothing else.
        if pieces.last().is_none_or(|(offset, len)| offset + len < meta.size) {
            pieces.push((meta.size, 0));
        }
        let map = sparse::to_bytes(&pieces);
        let data: u64 = pieces.iter().map(|(_, len)| len).sum();
        let mut pax = Pax::default();
        pax.push(b"GNU.sparse.major", b"1");
        pax.push(b"GNU.sparse.minor", b"0");
        pax.push(b"GNU.sparse.name", &path);
        pax.push(b"GNU.sparse.realsize", meta.size.to_string().as_bytes());
        self.member(b'0', &sparse_path(&path), meta, b"", data + map.len() as u64, pax)?;
        self.put(&map)?;
        pieces.reverse();
        let next = pieces.last().map_or(0, |(offset, _)| *offset);
        self.file = Some(OpenFile { pieces, next });
        Ok(())
    }

    /// Writes content. Exactly what was announced is written: a file that changed meanwhile is cut or filled.
    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset + bytes.len() as u64;
        while let Some((start, stop)) = self.due() {
            let next = self.file.as_ref().map_or(start, |file| file.next);
            let from = next.max(offset);
            let to = stop.min(end);
            if from >= to {
                break;
            }
            self.zeros(from - next)?;
            self.put(&bytes[(from - offset) as usize..(to - offset) as usize])?;
            self.advance(to);
        }
        Ok(())
    }

    /// The piece that is due: where it begins and ends.
    fn due(&self) -> Option<(u64, u64)> {
        let (offset, len) = *self.file.as_ref()?.pieces.last()?;
        Some((offset, offset + len))
    }

    fn advance(&mut self, to: u64) {
        let Some(file) = &mut self.file else { return };
        file.next = to;
        while let Some((offset, len)) = file.pieces.last() {
            if to < offset + len {
                break;
            }
            file.pieces.pop();
            if let Some((offset, _)) = file.pieces.last() {
                file.next = *offset;
            }
        }
    }

    fn end_file(&mut self) -> Result<()> {
        while let Some((_, stop)) = self.due() {
            let next = self.file.as_ref().map_or(stop, |file| file.next);
            self.zeros(stop.saturating_sub(next))?;
            self.advance(stop);
        }
        self.file = None;
        self.zeros(self.at.next_multiple_of(BLOCK as u64) - self.at)
    }

    fn special(&mut self, name: &[u8], meta: &Meta, id: Option<LinkId>) -> Result<()> {
        let kind = match meta.kind {
            FileKind::CharDevice => b'3',
            FileKind::BlockDevice => b'4',
            FileKind::Fifo => b'6',
            _ => {
                let path = [&self.dir, name].concat();
                return Err(
                    Failure::new(ErrorKind::Unsupported, "a tar archive has no sockets; left out")
                        .about(path),
                );
            }
        };
        let path = self.path(name, id);
        self.member(kind, &path, meta, b"", 0, Pax::default())
    }

    fn again(&mut self, name: &[u8], id: LinkId) -> Result<()> {
        let path = [&self.dir, name].concat();
        let Some(first) = self.links.get(&id).cloned() else {
            let message = "the file it is another name of was left out";
            return Err(Failure::new(ErrorKind::NotFound, message).about(path));
        };
        let meta = Meta::nothing(FileKind::File);
        self.member(b'1', &path, &meta, &first, 0, Pax::default())
    }

    /// The path of an entry, remembered if it may come again.
    fn path(&mut self, name: &[u8], id: Option<LinkId>) -> Vec<u8> {
        let path = [&self.dir, name].concat();
        if let Some(id) = id {
            self.links.insert(id, path.clone());
        }
        path
    }

    /// Writes the headers of a member; what the fixed fields cannot say goes into an extended one before.
    fn member(
        &mut self,
        kind: u8,
        path: &[u8],
        meta: &Meta,
        link: &[u8],
        size: u64,
        mut pax: Pax,
    ) -> Result<()> {
        let mut header = Header::new();
        header.set_kind(kind);
        header.set_mode(meta.mode);
        if !header.set_path(path) {
            pax.push(b"path", path);
        }
        if !header.set_link(link) {
            pax.push(b"linkpath", link);
        }
        if !header.set_size(size) {
            pax.push(b"size", size.to_string().as_bytes());
        }
        if !header.set_uid(meta.uid) {
            pax.push(b"uid", meta.uid.to_string().as_bytes());
        }
        if !header.set_gid(meta.gid) {
            pax.push(b"gid", meta.gid.to_string().as_bytes());
        }
        if !header.set_mtime(meta.mtime.seconds()) || meta.mtime.nanos() != 0 {
            pax.push(b"mtime", time_text(meta.mtime).as_bytes());
        }
        if kind != b'1' && meta.atime != meta.mtime {
            pax.push(b"atime", time_text(meta.atime).as_bytes());
        }
        for (name, value) in &meta.xattrs {
            pax.push(&[XATTR, name].concat(), value);
        }
        if matches!(kind, b'3' | b'4') {
            header.set_device(meta.rdev);
        }
        if self.names == OwnerNames::Written {
            let user = platform::user_name(meta.uid).unwrap_or_default();
            header.set_names(&user, &platform::group_name(meta.gid).unwrap_or_default());
        }
        if !pax.is_empty() {
            self.extended(path, &pax.to_bytes())?;
        }
        self.put(&header.finish())
    }

    fn extended(&mut self, path: &[u8], records: &[u8]) -> Result<()> {
        let mut header = Header::new();
        header.set_kind(b'x');
        header.set_mode(0o644);
        // Only programs that know nothing of such headers show this name.
        let last = path
            .rsplit(|b| *b == b'/')
            .find(|part| !part.is_empty())
            .unwrap_or(b"x");
        header.set_path(&[b"./PaxHeaders/", &last[..last.len().min(80)]].concat());
        header.set_size(records.len() as u64);
        self.put(&header.finish())?;
        self.put(records)?;
        self.zeros(self.at.next_multiple_of(BLOCK as u64) - self.at)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|e| self.broken(&e))
    }

    fn zeros(&mut self, len: u64) -> Result<()> {
        self.at += len;
        io::copy(&mut io::Read::take(io::repeat(0), len), &mut self.out)
            .map(drop)
            .map_err(|e| self.broken(&e))
    }

    /// The archive itself cannot be written: whatever comes next would fail too.
    fn broken(&self, error: &io::Error) -> Failure {
        Failure::host(&self.name, error).hopeless()
    }
}

/// What a program that knows nothing of holes calls the packed file.
fn sparse_path(path: &[u8]) -> Vec<u8> {
    let split = path.iter().rposition(|b| *b == b'/').map_or(0, |slash| slash + 1);
    let packed = [&path[..split], b"GNUSparseFile.0/", &path[split..]].concat();
    // It has to fit the fixed field: a longer one would bring a second name.
    if packed.len() <= 100 {
        packed
    } else {
        b"./GNUSparseFile.0/long-name".to_vec()
    }
}
