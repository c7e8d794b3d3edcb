//! What the writes to a log mean: where a transaction ends.
//!
//! A log is a header of 32 bytes and frames: 24 bytes of header, then a page. The second word of a frame's
//! header is the size of the database if the frame ends a transaction, else 0. SQLite writes the header and
//! the page of a new frame right after each other, in ascending order. Two things break the order:
//!
//! - A transaction that has been rolled back, whole or to a savepoint, leaves frames behind that the next
//!   ones overwrite.
//! - A transaction that has spilled a page and changes it again overwrites the page where it is. Checksums
//!   run through all frames, so once the last frame is written, SQLite rewrites the headers from the lowest
//!   such frame to the last.
//!
//! So the write that completes a transaction is the page of a frame that ends one, or, with pages
//! overwritten, the header of that frame when it is written the second time.

/// Bytes of the header of a log.
pub(crate) const LOG_HEADER: u64 = 32;
const FRAME_HEADER: usize = 24;

/// What a write is to the transaction it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Part of the run of new frames.
    Append,
    /// The last of them: with it the transaction is complete.
    AppendLast,
    /// A change of what the transaction has written before.
    InPlace,
    /// The last of those: with it the transaction is complete.
    InPlaceLast,
}

/// Follows the writes to one log.
#[derive(Debug, Default)]
pub(crate) struct WalWriter {
    /// A new frame's header was the last write, so its page is next.
    frame: Option<Frame>,
    /// Offset of the lowest page that the transaction under way has overwritten.
    overwritten: Option<u64>,
    /// The headers that are being rewritten: offset of the next, of the last, and the distance between them.
    rewriting: Option<Rewriting>,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    offset: u64,
    ends_transaction: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rewriting {
    next: u64,
    last: u64,
    stride: u64,
}

impl WalWriter {
    /// Classifies the next write.
    pub(crate) fn classify(&mut self, data: &[u8], offset: u64) -> Meaning {
        if offset < LOG_HEADER {
            *self = Self::default();
            return Meaning::Append;
        }
        if let Some(rewriting) = self.rewriting.take()
            && rewriting.next == offset
            && data.len() == FRAME_HEADER
        {
            return self.rewritten_header(rewriting);
        }
        match self.frame.take() {
            Some(frame) if frame.offset + FRAME_HEADER as u64 == offset => self.page(frame, data.len()),
            _ if data.len() == FRAME_HEADER => {
                self.frame = Some(Frame {
                    offset,
                    ends_transaction: data[4..8] != [0; 4],
                });
                Meaning::Append
            }
            _ => {
                self.overwritten = Some(self.overwritten.map_or(offset, |lowest| lowest.min(offset)));
                Meaning::InPlace
            }
        }
    }

    fn page(&mut self, frame: Frame, page_size: usize) -> Meaning {
        // A new frame in front of the overwritten page: that page has been rolled back.
        self.overwritten = self.overwritten.filter(|&lowest| lowest < frame.offset);
        match self.overwritten {
            _ if !frame.ends_transaction => Meaning::Append,
            None => Meaning::AppendLast,
            Some(lowest) => {
                let next = lowest - FRAME_HEADER as u64;
                let stride = (FRAME_HEADER + page_size) as u64;
                self.rewriting = Some(Rewriting {
                    next,
                    last: frame.offset,
                    stride,
                });
                Meaning::Append
            }
        }
    }

    fn rewritten_header(&mut self, rewriting: Rewriting) -> Meaning {
        if rewriting.next >= rewriting.last {
            self.overwritten = None;
            return Meaning::InPlaceLast;
        }
        self.rewriting = Some(Rewriting {
            next: rewriting.next + rewriting.stride,
            ..rewriting
        });
        Meaning::InPlace
    }
}

#[cfg(test)]
mod tests {
    use super::Meaning::{Append, AppendLast, InPlace, InPlaceLast};
    use super::*;

    const PAGE: usize = 512;

    fn at(frame: u64) -> u64 {
        LOG_HEADER + frame * (FRAME_HEADER + PAGE) as u64
    }

    fn header(ends_transaction: bool) -> [u8; FRAME_HEADER] {
        let mut header = [1; FRAME_HEADER];
        header[4..8].fill(u8::from(ends_transaction));
        header
    }

    fn write_frame(wal: &mut WalWriter, frame: u64, ends_transaction: bool) -> [Meaning; 2] {
        let header = wal.classify(&header(ends_transaction), at(frame));
        [header, wal.classify(&[2; PAGE], at(frame) + FRAME_HEADER as u64)]
    }

    fn overwrite_page(wal: &mut WalWriter, frame: u64) -> Meaning {
        wal.classify(&[3; PAGE], at(frame) + FRAME_HEADER as u64)
    }

    #[test]
    fn a_transaction_ends_with_the_page_of_its_last_frame() {
        let mut wal = WalWriter::default();
        assert_eq!(wal.classify(&[0; 32], 0), Append);
        assert_eq!(write_frame(&mut wal, 0, false), [Append, Append]);
        assert_eq!(write_frame(&mut wal, 1, true), [Append, AppendLast]);
        assert_eq!(write_frame(&mut wal, 2, true), [Append, AppendLast]);
    }

    #[test]
    fn with_a_page_overwritten_it_ends_with_the_last_header_rewritten() {
        let mut wal = WalWriter::default();
        for frame in 0..4 {
            write_frame(&mut wal, frame, false);
        }
        assert_eq!(overwrite_page(&mut wal, 3), InPlace);
        assert_eq!(overwrite_page(&mut wal, 2), InPlace);
        assert_eq!(write_frame(&mut wal, 4, false), [Append, Append]);
        assert_eq!(write_frame(&mut wal, 5, true), [Append, Append]);
        for frame in 2..5 {
            assert_eq!(wal.classify(&header(false), at(frame)), InPlace);
        }
        assert_eq!(wal.classify(&header(true), at(5)), InPlaceLast);
        assert_eq!(write_frame(&mut wal, 6, true), [Append, AppendLast]);
    }

    #[test]
    fn pages_overwritten_by_a_transaction_rolled_back_do_not_count() {
        let mut wal = WalWriter::default();
        write_frame(&mut wal, 0, true);
        write_frame(&mut wal, 1, false);
        write_frame(&mut wal, 2, false);
        overwrite_page(&mut wal, 1);
        assert_eq!(write_frame(&mut wal, 1, true), [Append, AppendLast]);
    }

    #[test]
    fn pages_overwritten_before_a_savepoint_that_is_rolled_back_to_do_count() {
        let mut wal = WalWriter::default();
        write_frame(&mut wal, 0, false);
        overwrite_page(&mut wal, 0);
        write_frame(&mut wal, 1, false);
        write_frame(&mut wal, 2, false);
        assert_eq!(write_frame(&mut wal, 1, true), [Append, Append]);
        assert_eq!(wal.classify(&header(false), at(0)), InPlace);
        assert_eq!(wal.classify(&header(true), at(1)), InPlaceLast);
    }

    #[test]
    fn a_restarted_log_begins_anew() {
        let mut wal = WalWriter::default();
        write_frame(&mut wal, 0, false);
        overwrite_page(&mut wal, 0);
        assert_eq!(wal.classify(&[0; 32], 0), Append);
        assert_eq!(write_frame(&mut wal, 0, true), [Append, AppendLast]);
    }
}
