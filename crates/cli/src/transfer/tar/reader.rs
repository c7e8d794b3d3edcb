//! An archive, told as items.

use std::io::{self, Read};

use tarbox_store::{ErrorKind, FileKind, Timestamp};

use super::header::Header;
use super::pax::Pax;
use super::sparse::{Map, MapParser, PIECES_MAX, PaxSparse};
use super::{BLOCK, TarError, TarItem, damaged};
use crate::failure::Failure;
use crate::transfer::item::{Item, Meta, PIECE};

/// The longest extended header that is read; real ones have a few hundred bytes.
const EXTENDED_MAX: u64 = 4 << 20;

/// Reads one archive.
pub(crate) struct TarReader<R> {
    input: R,
    /// What it is called, for messages.
    name: Vec<u8>,
    /// Bytes read so far.
    at: u64,
    /// Bytes of content that were not read yet.
    content: u64,
    /// Bytes behind it that fill its last block.
    filling: u64,
    global: Pax,
}

/// Takes the next item; answers whether more are wanted.
type Emit<'e> = &'e mut dyn FnMut(TarItem) -> bool;

/// A member, before its content.
struct Member {
    path: Vec<u8>,
    kind: u8,
    meta: Meta,
    link: Vec<u8>,
    map: Option<Map>,
}

impl<R: Read> TarReader<R> {
    /// A reader of an archive called `name`.
    pub(crate) fn new(input: R, name: &[u8]) -> Self {
        Self {
            input,
            name: name.to_vec(),
            at: 0,
            content: 0,
            filling: 0,
            global: Pax::default(),
        }
    }

    /// Tells every member. What is wrong with the archive is the last item.
    pub(crate) fn read(mut self, emit: Emit<'_>) {
        loop {
            match self.next_member() {
                Ok(Some(member)) => match self.tell(member, emit) {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => {
                        let _ = emit(TarItem::Plain(Item::Abandon)) && emit(self.trouble(error));
                        return;
                    }
                },
                Ok(None) => return,
                Err(error) => {
                    emit(self.trouble(error));
                    return;
                }
            }
        }
    }

    /// The next member; its content follows in the input.
    fn next_member(&mut self) -> Result<Option<Member>, TarError> {
        let (mut pax, mut long_name, mut long_link) = (Pax::default(), None, None);
        loop {
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            match header.kind() {
                b'x' => pax = Pax::parse(&self.extended(&header)?)?,
                b'g' => {
                    let more = Pax::parse(&self.extended(&header)?)?;
                    self.global = self.global.overridden_by(more);
                }
                b'L' => long_name = Some(until_nul(self.extended(&header)?)),
                b'K' => long_link = Some(until_nul(self.extended(&header)?)),
                kind if is_file(kind) || (b'1'..=b'6').contains(&kind) || kind == b'S' => {
                    let pax = self.global.overridden_by(pax);
                    return self.member(&header, &pax, long_name, long_link).map(Some);
                }
                // Labels of volumes and what only one program knows: their content is passed over.
                _ => {
                    let size = header.size()?;
                    self.set_content(size);
                    self.pass_over()?;
                    (pax, long_name, long_link) = (Pax::default(), None, None);
                }
            }
        }
    }

    fn member(
        &mut self,
        header: &Header,
        pax: &Pax,
        long_name: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> Result<Member, TarError> {
        let sparse_name = pax.get("GNU.sparse.name").map(<[u8]>::to_vec);
        let pax_path = pax.get("path").map(<[u8]>::to_vec);
        let path = sparse_name
            .or(pax_path)
            .or(long_name)
            .unwrap_or_else(|| header.path());
        let pax_link = pax.get("linkpath").map(<[u8]>::to_vec);
        let link = pax_link.or(long_link).unwrap_or_else(|| header.link());
        let size = match pax.number("size")? {
            Some(size) => size,
            None => header.size()?,
        };
        let mut kind = header.kind();
        // Before there was a kind for directories, a slash at the end said so.
        if is_file(kind) && path.ends_with(b"/") {
            kind = b'5';
        }
        let mut meta = meta(header, pax, kind)?;
        let has_content = is_file(kind) || kind == b'S';
        let map = if kind == b'S' {
            Some(self.gnu_map(header, size)?)
        } else {
            None
        };
        // Directories and links may claim a size without having content; a hard link may have the file's once more.
        self.set_content(if has_content || kind == b'1' { size } else { 0 });
        let map = match map {
            None if has_content => self.pax_map(pax)?,
            map => map,
        };
        meta.size = map.as_ref().map_or(size, |map| map.real_size);
        Ok(Member {
            path,
            kind,
            meta,
            link,
            map,
        })
    }

    /// Tells one member; answers whether more are wanted.
    fn tell(&mut self, member: Member, emit: Emit<'_>) -> Result<bool, TarError> {
        let Member {
            path: name,
            kind,
            meta,
            link,
            map,
        } = member;
        let item = match kind {
            b'1' => TarItem::HardLink { name, target: link },
            b'2' => TarItem::Plain(Item::Symlink {
                name,
                meta,
                target: link,
                id: None,
            }),
            b'3' | b'4' | b'6' => TarItem::Plain(Item::Special { name, meta, id: None }),
            b'5' => TarItem::Plain(Item::Enter { name, meta }),
            _ => return self.tell_file(name, meta, map, emit),
        };
        Ok(emit(item))
    }

    fn tell_file(
        &mut self,
        name: Vec<u8>,
        meta: Meta,
        map: Option<Map>,
        emit: Emit<'_>,
    ) -> Result<bool, TarError> {
        let size = meta.size;
        if !emit(TarItem::Plain(Item::File {
            name,
            meta,
            id: None,
            map: None,
        })) {
            return Ok(false);
        }
        let pieces = map.map_or_else(|| vec![(0, size)], |map| map.pieces);
        for (offset, len) in pieces {
            let mut done = 0;
            while done < len {
                let bytes = self.take((len - done).min(PIECE as u64) as usize)?;
                let data = Item::Data {
                    offset: offset + done,
                    bytes,
                };
                done += data_len(&data);
                if !emit(TarItem::Plain(data)) {
                    return Ok(false);
                }
            }
        }
        Ok(emit(TarItem::Plain(Item::EndFile { size })))
    }

    /// The map of an old GNU sparse file: its first entries are in the header, more in blocks behind it.
    fn gnu_map(&mut self, header: &Header, stored: u64) -> Result<Map, TarError> {
        let (mut pieces, real, mut more) = header.gnu_map()?;
        while more {
            let (next, again) = Header(self.block()?).gnu_map_more()?;
            pieces.extend(next);
            more = again;
            if pieces.len() > PIECES_MAX {
                return damaged("a sparse file of too many pieces");
            }
        }
        Map::new(pieces, real, stored)
    }

    fn pax_map(&mut self, pax: &Pax) -> Result<Option<Map>, TarError> {
        Ok(match PaxSparse::of(pax)? {
            PaxSparse::No => None,
            PaxSparse::Here(pieces, real) => Some(Map::new(pieces, real, self.content)?),
            PaxSparse::InContent(real) => {
                let mut parser = MapParser::default();
                let pieces = loop {
                    if self.content < BLOCK as u64 {
                        return damaged("a sparse file whose map is cut off");
                    }
                    self.content -= BLOCK as u64;
                    if let Some(pieces) = parser.feed(&self.block()?)? {
                        break pieces;
                    }
                };
                Some(Map::new(pieces, real, self.content)?)
            }
        })
    }

    /// The next header; `None` at the end.
    fn header(&mut self) -> Result<Option<Header>, TarError> {
        self.pass_over()?;
        let first = self.at == 0;
        let mut block = [0; BLOCK];
        let len = read_full(&mut self.input, &mut block)?;
        self.at += len as u64;
        let header = Header(block);
        match len {
            0 if first => damaged("it is empty: not even the end of an archive is there"),
            0 => Ok(None),
            BLOCK if header.is_end() => {
                self.drain();
                Ok(None)
            }
            BLOCK if header.is_sound() => Ok(Some(header)),
            _ if first => damaged(foreign(&block)),
            BLOCK => damaged(format!(
                "the header at byte {} is damaged",
                self.at - BLOCK as u64
            )),
            _ => damaged("it ends in the middle of a header"),
        }
    }

    /// The content of an extended header.
    fn extended(&mut self, header: &Header) -> Result<Vec<u8>, TarError> {
        let size = header.size()?;
        if size > EXTENDED_MAX {
            return damaged("an extended header of impossible size");
        }
        self.set_content(size);
        self.take(size as usize)
    }

    fn set_content(&mut self, size: u64) {
        self.content = size;
        self.filling = size.next_multiple_of(BLOCK as u64) - size;
    }

    /// Reads that much content.
    fn take(&mut self, len: usize) -> Result<Vec<u8>, TarError> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes)?;
        self.content -= len as u64;
        Ok(bytes)
    }

    fn block(&mut self) -> Result<[u8; BLOCK], TarError> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        Ok(block)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), TarError> {
        let len = read_full(&mut self.input, buffer)?;
        self.at += len as u64;
        if len < buffer.len() {
            damaged(format!("it is cut off at byte {}", self.at))
        } else {
            Ok(())
        }
    }

    /// Reads what is left of the content and its filling without keeping it.
    fn pass_over(&mut self) -> Result<(), TarError> {
        let left = self.content + self.filling;
        let passed = io::copy(&mut (&mut self.input).take(left), &mut io::sink())?;
        self.at += passed;
        if passed < self.content {
            return damaged(format!("it is cut off at byte {}", self.at));
        }
        (self.content, self.filling) = (0, 0);
        Ok(())
    }

    /// Reads what fills the last record, so that whoever writes it is not cut off.
    fn drain(&mut self) {
        const MOST: u64 = 1 << 20;
        // What comes behind the end of an archive is nobody's.
        let _ = io::copy(&mut (&mut self.input).take(MOST), &mut io::sink());
    }

    fn trouble(&self, error: TarError) -> TarItem {
        let failure = match error {
            TarError::Io(error) => Failure::host(&self.name, &error),
            TarError::Damaged(what) => Failure::new(
                ErrorKind::Invalid,
                format!("this is no sound tar archive: {what}"),
            )
            .about(&self.name),
        };
        TarItem::Plain(Item::Trouble(failure.ending(crate::exit::Exit::FAILED)))
    }
}

fn is_file(kind: u8) -> bool {
    matches!(kind, b'0' | 0 | b'7')
}

fn data_len(item: &Item) -> u64 {
    match item {
        Item::Data { bytes, .. } => bytes.len() as u64,
        _ => 0,
    }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

fn meta(header: &Header, pax: &Pax, kind: u8) -> Result<Meta, TarError> {
    let id = |key, fixed: Result<u32, TarError>| match pax.number(key)? {
        Some(number) => u32::try_from(number).or_else(|_| damaged("a user or group number beyond 32 bits")),
        None => fixed,
    };
    let mtime = match pax.time("mtime")? {
        Some(time) => time,
        None => Timestamp::from_parts(header.mtime()?, 0),
    };
    Ok(Meta {
        kind: kind_of(kind),
        mode: header.mode()?,
        uid: id("uid", header.uid())?,
        gid: id("gid", header.gid())?,
        rdev: if matches!(kind, b'3' | b'4') {
            header.device()?
        } else {
            0
        },
        size: 0,
        atime: pax.time("atime")?.unwrap_or(mtime),
        mtime,
        xattrs: pax.xattrs(),
    })
}

fn kind_of(kind: u8) -> FileKind {
    match kind {
        b'2' => FileKind::Symlink,
        b'3' => FileKind::CharDevice,
        b'4' => FileKind::BlockDevice,
        b'5' => FileKind::Directory,
        b'6' => FileKind::Fifo,
        _ => FileKind::File,
    }
}

/// What something is that begins like this and is no archive.
fn foreign(block: &[u8; BLOCK]) -> String {
    let packed = [
        (&b"\x1f\x8b"[..], "gzip"),
        (&b"\xfd7zXZ\0"[..], "xz"),
        (&b"\x28\xb5\x2f\xfd"[..], "zstd"),
        (&b"BZh"[..], "bzip2"),
    ];
    match packed.into_iter().find(|(magic, _)| block.starts_with(magic)) {
        Some((_, program)) => format!("it is compressed; pipe it through '{program} -dc'"),
        None => "it does not begin like one".to_owned(),
    }
}

/// Fills the buffer as far as the input goes.
fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match input.read(&mut buffer[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(archive: &[u8]) -> Vec<TarItem> {
        let mut items = Vec::new();
        TarReader::new(archive, b"test.tar").read(&mut |item| {
            items.push(item);
            true
        });
        items
    }

    fn last_trouble(archive: &[u8]) -> String {
        match items(archive).pop() {
            Some(TarItem::Plain(Item::Trouble(failure))) => failure.line(),
            other => panic!("no trouble, but {other:?}"),
        }
    }

    fn file(name: &[u8], size: u64) -> Vec<u8> {
        let mut header = Header::new();
        header.set_kind(b'0');
        header.set_path(name);
        header.set_size(size);
        header.finish().to_vec()
    }

    #[test]
    fn what_is_no_archive_is_called_so() {
        assert!(last_trouble(b"").contains("empty"));
        assert!(last_trouble(b"hello").contains("does not begin like one"));
        assert!(last_trouble(&[b'x'; 2048]).contains("does not begin like one"));
        let mut gzip = vec![0x1f, 0x8b];
        gzip.resize(600, 7);
        assert!(last_trouble(&gzip).contains("gzip -dc"));
    }

    #[test]
    fn an_archive_that_is_cut_off_gives_its_last_file_up() {
        let mut archive = file(b"a", 1000);
        archive.extend_from_slice(&[1; 700]);
        let items = items(&archive);
        assert!(
            matches!(items[items.len() - 2], TarItem::Plain(Item::Abandon)),
            "{items:?}"
        );
        assert!(last_trouble(&archive).contains("cut off at byte 1212"));
    }

    #[test]
    fn a_size_that_is_a_lie_takes_no_memory() {
        let archive = file(b"a", 0o77_777_777_777);
        assert!(last_trouble(&archive).contains("cut off"));
        let mut header = Header::new();
        header.set_kind(b'x');
        header.set_size(0o77_777_777_777);
        assert!(last_trouble(&header.finish()).contains("impossible size"));
    }

    #[test]
    fn any_bytes_end_without_a_panic() {
        // A cheap generator: what matters is that headers are sound and everything else is noise.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..2000 {
            let mut header = Header::new();
            for _ in 0..20 {
                header.0[(next() % 512) as usize] = next() as u8;
            }
            header.set_kind(*b"0123456SxgLK7".get((next() % 13) as usize).unwrap());
            let mut archive = header.finish().to_vec();
            archive.extend((0..next() % 2048).map(|_| b"0123456789 =\n\0"[(next() % 14) as usize]));
            items(&archive);
        }
    }
}
