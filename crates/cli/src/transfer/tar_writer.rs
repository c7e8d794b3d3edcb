//! Items become an archive.

use std::collections::HashMap;
use std::io::{self, Write};

use tarbox_store::ErrorKind;
use tarbox_tar::{Kind, Member, OwnerNames, Writer, kind_of};

use crate::failure::{Failure, Result};
use crate::transfer::item::{Item, LinkId, Meta};

/// Writes one archive.
pub(crate) struct TarWriter<W> {
    writer: Writer<W>,
    /// What the archive is called, for messages.
    name: Vec<u8>,
    /// The directory that is being told; empty or with a slash at its end.
    dir: Vec<u8>,
    lens: Vec<usize>,
    links: HashMap<LinkId, Vec<u8>>,
}

impl<W: Write> TarWriter<W> {
    /// A writer of an archive called `name`; without names, owners are numbers only.
    pub(crate) fn new(out: W, name: &[u8], names: Option<OwnerNames>) -> Self {
        Self {
            writer: Writer::new(out, names),
            name: name.to_vec(),
            dir: b"./".to_vec(),
            lens: Vec::new(),
            links: HashMap::new(),
        }
    }

    /// Writes one item.
    ///
    /// # Errors
    /// What cannot be in an archive is reported as such, and the next item can follow; an archive that cannot be
    /// written is an error about itself.
    pub(crate) fn write(&mut self, item: Item) -> Result<()> {
        match item {
            Item::Trouble(failure) => Err(failure),
            Item::Enter { name, meta } => {
                self.lens.push(self.dir.len());
                if !name.is_empty() {
                    self.dir.extend_from_slice(&name);
                    self.dir.push(b'/');
                }
                let path = self.dir.clone();
                self.member(path, &meta, Kind::Directory, None)
            }
            Item::Leave { .. } => {
                let len = self.lens.pop().unwrap_or_default();
                self.dir.truncate(len);
                Ok(())
            }
            Item::File { name, meta, id, map } => {
                let path = self.path(&name, id);
                self.member(path, &meta, Kind::File, map)
            }
            Item::Data { offset, bytes } => {
                let written = self.writer.data(offset, &bytes);
                self.checked(written)
            }
            Item::EndFile { .. } | Item::Abandon => {
                let ended = self.writer.end_file();
                self.checked(ended)
            }
            Item::Symlink {
                name,
                meta,
                target,
                id,
            } => {
                let path = self.path(&name, id);
                self.member(path, &meta, Kind::Symlink(target), None)
            }
            Item::Special { name, meta, id } => match kind_of(meta.kind, meta.rdev, Vec::new()) {
                Some(kind) => {
                    let path = self.path(&name, id);
                    self.member(path, &meta, kind, None)
                }
                None => {
                    let path = [&self.dir[..], &name].concat();
                    let message = "tar archives cannot contain sockets; skipped";
                    Err(Failure::new(ErrorKind::Unsupported, message).about(path))
                }
            },
            Item::Again { name, id } => self.again(&name, id),
        }
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// What the output said.
    pub(crate) fn finish(self) -> Result<W> {
        let name = self.name;
        self.writer.finish().map_err(|e| Failure::host(&name, &e))
    }

    fn again(&mut self, name: &[u8], id: LinkId) -> Result<()> {
        let path = [&self.dir[..], name].concat();
        let Some(first) = self.links.get(&id).cloned() else {
            let message = "skipped, since the file that it links to was skipped";
            return Err(Failure::new(ErrorKind::NotFound, message).about(path));
        };
        let written = self.writer.member(&Member::hard_link(path, first), None);
        self.checked(written)
    }

    /// The path of an entry, remembered if it may come again.
    fn path(&mut self, name: &[u8], id: Option<LinkId>) -> Vec<u8> {
        let path = [&self.dir[..], name].concat();
        if let Some(id) = id {
            self.links.insert(id, path.clone());
        }
        path
    }

    fn member(&mut self, path: Vec<u8>, meta: &Meta, kind: Kind, map: Option<Vec<(u64, u64)>>) -> Result<()> {
        let member = Member {
            path,
            kind,
            mode: meta.mode,
            uid: Some(meta.uid),
            gid: Some(meta.gid),
            size: meta.size,
            mtime: meta.mtime,
            atime: meta.atime,
            xattrs: meta.xattrs.clone(),
        };
        let written = self.writer.member(&member, map);
        self.checked(written)
    }

    /// The archive itself cannot be written: whatever comes next would fail too.
    fn checked(&self, written: io::Result<()>) -> Result<()> {
        written.map_err(|e| Failure::host(&self.name, &e).hopeless())
    }
}
