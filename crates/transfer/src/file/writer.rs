//! Writing a dump.

use std::io::{self, Write};

use tarbox_store::{Error, ErrorKind, Result};

use super::{FRAME_HEAD, Header, LZ4, PLAIN};
use crate::frame::{Chain, Frame};

/// Writes frames to a file, or to whatever takes bytes in order.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    chain: Chain,
}

impl<W: Write> Writer<W> {
    /// Begins with the header.
    ///
    /// # Errors
    /// Those of the output.
    pub fn begin(mut out: W) -> Result<Self> {
        let header = Header::new().encode();
        out.write_all(&header).map_err(failed)?;
        Ok(Self {
            out,
            chain: Chain::begin(&header),
        })
    }

    /// Writes a frame with all its blocks' bytes.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, frame: &Frame) -> Result<()> {
        self.chain = self.chain.with(frame);
        let mut content = frame.rows.clone();
        for body in frame.bodies.iter().flatten() {
            content.extend_from_slice(body);
        }
        let packed = lz4_flex::block::compress(&content);
        let (codec, stored) = match packed.len() < content.len() {
            true => (LZ4, &packed),
            false => (PLAIN, &content),
        };
        let mut head = [0; FRAME_HEAD];
        head[0] = frame.kind as u8;
        head[1] = codec;
        head[4..8].copy_from_slice(&frame.count.to_le_bytes());
        head[8..12].copy_from_slice(&(content.len() as u32).to_le_bytes());
        head[12..].copy_from_slice(&(stored.len() as u32).to_le_bytes());
        for part in [&head[..], stored, &self.chain.0] {
            self.out.write_all(part).map_err(failed)?;
        }
        Ok(())
    }

    /// Ends the dump, and answers the output.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> Result<W> {
        self.out.flush().map_err(failed)?;
        Ok(self.out)
    }
}

/// What the output said.
fn failed(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorKind::NoSpace
        }
        _ => ErrorKind::Io,
    };
    Error::new(kind)
        .because("the dump cannot be written")
        .caused_by(error)
}
