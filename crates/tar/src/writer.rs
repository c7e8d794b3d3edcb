//! Members become an archive: ustar headers, and pax records for what those cannot say.

use std::io::{self, Write};

use tarbox_store::FileKind;

use crate::BLOCK;
use crate::header::Header;
use crate::member::{Kind, Member};
use crate::pax::{Pax, XATTR, time_text};
use crate::sparse::{self, Pieces};

/// GNU tar writes records of this size, and some readers expect whole ones.
const RECORD: u64 = 20 * BLOCK as u64;

/// The names that owners have, beside their numbers.
#[derive(Debug, Clone, Copy)]
pub struct OwnerNames {
    /// The name of a user.
    pub user: fn(u32) -> Option<String>,
    /// The name of a group.
    pub group: fn(u32) -> Option<String>,
}

/// Writes one archive.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    names: Option<OwnerNames>,
    at: u64,
    file: Option<OpenFile>,
}

/// Content that is still to come.
#[derive(Debug)]
struct OpenFile {
    /// The pieces announced, the last first.
    pieces: Pieces,
    /// Where in the file the next byte belongs.
    next: u64,
}

impl<W: Write> Writer<W> {
    /// A writer of an archive; without names, owners are numbers only.
    pub fn new(out: W, names: Option<OwnerNames>) -> Self {
        Self {
            out,
            names,
            at: 0,
            file: None,
        }
    }

    /// What the archive is written to.
    pub fn output(&mut self) -> &mut W {
        &mut self.out
    }

    /// Begins a member. The content of a file follows as [`data`](Self::data) and ends with [`end_file`](Self::end_file).
    /// With a map (offsets and lengths, ascending) exactly these pieces of it are data.
    ///
    /// # Errors
    /// What the output says.
    pub fn member(&mut self, member: &Member, map: Option<Pieces>) -> io::Result<()> {
        let size = if member.kind == Kind::File { member.size } else { 0 };
        let Some(mut pieces) = map else {
            self.headers(member, &member.path, size, Pax::default())?;
            if member.kind == Kind::File {
                self.file = Some(OpenFile {
                    pieces: vec![(0, size)],
                    next: 0,
                });
            }
            return Ok(());
        };
        // A hole at the end is told by an empty piece there: some readers know the length from nothing else.
        if pieces.last().is_none_or(|(offset, len)| offset + len < size) {
            pieces.push((size, 0));
        }
        let map = sparse::to_bytes(&pieces);
        let data: u64 = pieces.iter().map(|(_, len)| len).sum();
        let mut pax = Pax::default();
        pax.push(b"GNU.sparse.major", b"1");
        pax.push(b"GNU.sparse.minor", b"0");
        pax.push(b"GNU.sparse.name", &member.path);
        pax.push(b"GNU.sparse.realsize", size.to_string().as_bytes());
        self.headers(member, &sparse_path(&member.path), data + map.len() as u64, pax)?;
        self.put(&map)?;
        pieces.reverse();
        let next = pieces.last().map_or(0, |(offset, _)| *offset);
        self.file = Some(OpenFile { pieces, next });
        Ok(())
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> io::Result<W> {
        self.end()?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Writes the end of the archive: zeros up to a whole record.
    ///
    /// # Errors
    /// What the output says.
    pub fn end(&mut self) -> io::Result<()> {
        let end = (self.at + 2 * BLOCK as u64).next_multiple_of(RECORD);
        self.zeros(end - self.at)
    }

    /// Writes content. Exactly what was announced is written: a file that changed meanwhile is cut or filled.
    ///
    /// # Errors
    /// What the output says.
    pub fn data(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
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

    /// Ends the file that was begun last.
    ///
    /// # Errors
    /// What the output says.
    pub fn end_file(&mut self) -> io::Result<()> {
        while let Some((_, stop)) = self.due() {
            let next = self.file.as_ref().map_or(stop, |file| file.next);
            self.zeros(stop.saturating_sub(next))?;
            self.advance(stop);
        }
        self.file = None;
        self.zeros(self.at.next_multiple_of(BLOCK as u64) - self.at)
    }

    /// Writes the headers of a member; what the fixed fields cannot say goes into an extended one before.
    fn headers(&mut self, member: &Member, path: &[u8], size: u64, mut pax: Pax) -> io::Result<()> {
        let mut header = Header::new();
        let (letter, link, device) = match &member.kind {
            Kind::File => (b'0', &[][..], None),
            Kind::HardLink(to) => (b'1', &to[..], None),
            Kind::Symlink(to) => (b'2', &to[..], None),
            Kind::CharDevice(device) => (b'3', &[][..], Some(*device)),
            Kind::BlockDevice(device) => (b'4', &[][..], Some(*device)),
            Kind::Directory => (b'5', &[][..], None),
            Kind::Fifo => (b'6', &[][..], None),
        };
        header.set_kind(letter);
        header.set_mode(member.mode);
        if !header.set_path(path) {
            pax.push(b"path", path);
        }
        if !header.set_link(link) {
            pax.push(b"linkpath", link);
        }
        if !header.set_size(size) {
            pax.push(b"size", size.to_string().as_bytes());
        }
        let (uid, gid) = (member.uid.unwrap_or_default(), member.gid.unwrap_or_default());
        if !header.set_uid(uid) {
            pax.push(b"uid", uid.to_string().as_bytes());
        }
        if !header.set_gid(gid) {
            pax.push(b"gid", gid.to_string().as_bytes());
        }
        if !header.set_mtime(member.mtime.seconds()) || member.mtime.nanos() != 0 {
            pax.push(b"mtime", time_text(member.mtime).as_bytes());
        }
        if letter != b'1' && member.atime != member.mtime {
            pax.push(b"atime", time_text(member.atime).as_bytes());
        }
        for (name, value) in &member.xattrs {
            pax.push(&[XATTR, name].concat(), value);
        }
        if let Some(device) = device {
            header.set_device(device);
        }
        if let Some(names) = self.names {
            let (user, group) = ((names.user)(uid), (names.group)(gid));
            header.set_names(&user.unwrap_or_default(), &group.unwrap_or_default());
        }
        if !pax.is_text() {
            // Names are bytes here; without this some readers refuse those that are no UTF-8.
            pax.push(b"hdrcharset", b"BINARY");
        }
        if !pax.is_empty() {
            self.extended(path, &pax.to_bytes())?;
        }
        self.put(&header.finish())
    }

    fn extended(&mut self, path: &[u8], records: &[u8]) -> io::Result<()> {
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

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn zeros(&mut self, mut len: u64) -> io::Result<()> {
        const ZEROS: [u8; 4096] = [0; 4096];
        self.at += len;
        while len > 0 {
            let piece = len.min(ZEROS.len() as u64);
            self.out.write_all(&ZEROS[..piece as usize])?;
            len -= piece;
        }
        Ok(())
    }
}

/// The member for an inode of this kind; sockets have none.
pub fn kind_of(kind: FileKind, rdev: u64, target: Vec<u8>) -> Option<Kind> {
    Some(match kind {
        FileKind::File => Kind::File,
        FileKind::Directory => Kind::Directory,
        FileKind::Symlink => Kind::Symlink(target),
        FileKind::Fifo => Kind::Fifo,
        FileKind::CharDevice => Kind::CharDevice(rdev),
        FileKind::BlockDevice => Kind::BlockDevice(rdev),
        FileKind::Socket => return None,
    })
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
