//! Reads the log at open.

use tarbox_pool::{PoolFile, PoolFileExt};

use super::{HEADER_LEN, MAGIC, RECORD_HEAD_LEN, VERSION, check, first_seed};
use crate::block::unseal;
use crate::error::{Error, ErrorKind, Result};

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// Where the whole records end, and what seeds the checksum of the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogContents {
    pub(crate) end: u64,
    pub(crate) seed: u32,
}

/// Gives `visit` the payload of every whole record, up to the first that is not.
///
/// # Errors
/// `Corrupt` if the header is not that of log `number`, `Version`, what `visit` and the pool report.
pub(crate) fn read_log(
    file: &dyn PoolFile,
    number: u32,
    mut visit: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<LogContents> {
    let len = file.len()?;
    read_header(file, number)?;
    let mut window = Window {
        file,
        len,
        begin: HEADER_LEN as u64,
        bytes: Vec::new(),
    };
    let mut end = HEADER_LEN as u64;
    let mut seed = first_seed(number);
    loop {
        let Some(head) = window.get(end, RECORD_HEAD_LEN)? else {
            break;
        };
        let payload_len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let expected = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let Some(payload) = window.get(end + RECORD_HEAD_LEN as u64, payload_len)? else {
            break;
        };
        if payload.is_empty() || check(payload, seed) != expected {
            break;
        }
        visit(end, payload)?;
        seed = expected;
        end += (RECORD_HEAD_LEN + payload_len) as u64;
    }
    Ok(LogContents { end, seed })
}

fn read_header(file: &dyn PoolFile, number: u32) -> Result<()> {
    let mut header = [0; HEADER_LEN];
    let got = file.read_up_to(&mut header, 0)?;
    let bad = |what| Error::corrupt(file.name(), 0, what);
    if got < HEADER_LEN || &header[..8] != MAGIC {
        return Err(bad("it is not a log"));
    }
    let version = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
    if version != VERSION {
        return Err(Error::from(ErrorKind::Version {
            file: file.name().to_owned(),
            found: version,
            supported: VERSION,
        }));
    }
    let content = unseal(&header).ok_or_else(|| bad("the checksum of the header"))?;
    match content[12..] == number.to_le_bytes() {
        true => Ok(()),
        false => Err(bad("it is another log")),
    }
}

/// A part of the file in memory, which moves forward.
struct Window<'a> {
    file: &'a dyn PoolFile,
    len: u64,
    begin: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// `count` bytes at `offset`; `None` if the file ends before.
    fn get(&mut self, offset: u64, count: usize) -> Result<Option<&[u8]>> {
        if offset.saturating_add(count as u64) > self.len {
            return Ok(None);
        }
        let at = (offset - self.begin) as usize;
        if self.bytes.len() < at + count {
            let wanted = (self.len - offset).min(count.max(CHUNK) as u64) as usize;
            self.bytes.resize(wanted, 0);
            self.file.read_exact_at(&mut self.bytes, offset)?;
            self.begin = offset;
            return Ok(Some(&self.bytes[..count]));
        }
        Ok(Some(&self.bytes[at..at + count]))
    }
}
