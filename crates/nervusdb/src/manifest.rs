//! The manifest: which files make up the graph. Two slots take turns, so that one is whole at any moment.

use tarbox_pool::{OpenOptions, PoolFileExt};

use crate::block::{seal, unseal};
use crate::bytes::{Reader, put_varint};
use crate::device::{Device, FileName};
use crate::error::{Error, ErrorKind, Result};
use crate::space::Space;

const MAGIC: &[u8; 8] = b"NERVMAN\n";
const VERSION: u32 = 1;
/// Magic, version, epoch and length, before the body.
const HEAD_LEN: usize = 8 + 4 + 8 + 4;

/// One table as the manifest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableEntry {
    pub(crate) space: Space,
    pub(crate) level: u8,
    pub(crate) number: u32,
    pub(crate) len: u64,
}

/// A whole state of the graph on the device: the tables, and the log to read after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Which slot it is in; not stored.
    pub(crate) slot: u8,
    /// Counts the switches; the valid slot with the higher epoch is the manifest.
    pub(crate) epoch: u64,
    pub(crate) log: u32,
    pub(crate) next_file: u32,
    /// The first term id that no table has.
    pub(crate) next_term: u32,
    /// The number of the last commit that is in tables.
    pub(crate) sequence: u64,
    /// Tables, those of level 0 newest first within their space.
    pub(crate) tables: Vec<TableEntry>,
}

impl Manifest {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for value in [
            u64::from(self.log),
            u64::from(self.next_file),
            u64::from(self.next_term),
            self.sequence,
            self.tables.len() as u64,
        ] {
            put_varint(&mut body, value);
        }
        for table in &self.tables {
            body.extend_from_slice(&[table.space as u8, table.level]);
            put_varint(&mut body, u64::from(table.number));
            put_varint(&mut body, table.len);
        }
        let mut out = Vec::with_capacity(HEAD_LEN + body.len() + 4);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(&body);
        seal(&mut out);
        out
    }

    /// Reads one slot. What follows the checksum is left over from a longer manifest.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut head = Reader::new(bytes);
        head.bytes(12)?;
        let epoch = head.u64()?;
        let len = head.u32()? as usize;
        let content = unseal(bytes.get(..HEAD_LEN.checked_add(len)?.checked_add(4)?)?)?;
        let mut reader = Reader::new(&content[HEAD_LEN..]);
        let mut manifest = Self {
            slot: 0,
            epoch,
            log: reader.varint32()?,
            next_file: reader.varint32()?,
            next_term: reader.varint32()?,
            sequence: reader.varint()?,
            tables: Vec::new(),
        };
        for _ in 0..reader.varint()? {
            manifest.tables.push(TableEntry {
                space: Space::from_byte(reader.byte()?)?,
                level: reader.byte()?,
                number: reader.varint32()?,
                len: reader.varint()?,
            });
        }
        // Numbers that leave no room to count on were never written.
        let has_room = manifest.epoch < 1 << 63
            && manifest.sequence < 1 << 63
            && manifest.next_file < 1 << 31
            && manifest.next_term <= crate::MAX_TERM_ID + 1;
        (reader.is_empty() && has_room).then_some(manifest)
    }

    /// The manifest in force; `None` if there is no readable one.
    ///
    /// # Errors
    /// `Version` if a newer engine wrote the graph, and what the pool reports.
    pub(crate) fn load(device: &Device) -> Result<Option<Self>> {
        let mut newest: Option<Self> = None;
        let mut newer_version = None;
        for slot in 0..2 {
            let name = FileName::Manifest(slot);
            let path = device.path(name);
            if !device.pool.exists(&path)? {
                continue;
            }
            let bytes = device.open_to_read(name)?.read_all()?;
            match bytes.get(8..12) {
                Some(version) if &bytes[..8] == MAGIC && version != VERSION.to_le_bytes() => {
                    newer_version = Some((
                        path,
                        u32::from_le_bytes([version[0], version[1], version[2], version[3]]),
                    ));
                }
                Some(_) if &bytes[..8] == MAGIC => {
                    let epoch = newest.as_ref().map(|manifest| manifest.epoch);
                    let read = Self::parse(&bytes).filter(|read| Some(read.epoch) > epoch);
                    newest = read.map(|read| Self { slot, ..read }).or(newest);
                }
                _ => (),
            }
        }
        match (newest, newer_version) {
            (None, Some((file, found))) => Err(Error::from(ErrorKind::Version {
                file,
                found,
                supported: VERSION,
            })),
            (newest, _) => Ok(newest),
        }
    }

    /// Whether all its files are there.
    pub(crate) fn has_its_files(&self, device: &Device) -> Result<bool> {
        let on_device = device.list()?;
        let tables = self.tables.iter().map(|table| FileName::Table(table.number));
        let mut needed = tables.chain([FileName::Log(self.log)]);
        Ok(needed.all(|name| on_device.contains(&name)))
    }

    /// Makes this the manifest: it is written beside the one in force, and is in force once it is durable.
    pub(crate) fn store(&self, device: &Device) -> Result<()> {
        let path = device.path(FileName::Manifest(self.slot));
        let file = device.pool.open(&path, OpenOptions::CREATE)?;
        file.write_at(&self.to_bytes(), 0)?;
        Ok(file.sync()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        let table = TableEntry {
            space: Space::Osp,
            level: 3,
            number: 77,
            len: 1 << 40,
        };
        Manifest {
            slot: 0,
            epoch: 9,
            log: 5,
            next_file: 80,
            next_term: 1_000_000,
            sequence: 1 << 50,
            tables: vec![table; 3],
        }
    }

    #[test]
    fn it_comes_back_before_whatever_is_left_over() {
        let mut bytes = sample().to_bytes();
        assert_eq!(Manifest::parse(&bytes), Some(sample()));
        bytes.extend_from_slice(b"left over");
        assert_eq!(Manifest::parse(&bytes), Some(sample()));
    }

    #[test]
    fn damage_is_noticed() {
        let bytes = sample().to_bytes();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            let unnoticed = Manifest::parse(&damaged).is_some();
            assert!(!unnoticed, "byte {at}");
            assert_eq!(Manifest::parse(&bytes[..at]), None);
        }
    }
}
