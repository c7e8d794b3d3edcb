//! The least that waiting for the device costs: 4 KiB and `fdatasync`, nothing else.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use tarbox_bench_work::{Content, Result, Sample, Shape, Work};

use super::Subject;

const PAGE: usize = 4096;

/// Where the 4 KiB go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// Over what is there.
    Overwrite,
    /// To the end, so that the size has to be made durable as well.
    Append,
}

/// One file, written and synced again and again.
pub(crate) struct Floor {
    file: File,
    place: Where,
}

impl Floor {
    /// Makes the file; one to overwrite has `pages` pages on the device.
    pub(crate) fn create(path: &Path, place: Where, pages: usize) -> Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        if place == Where::Overwrite {
            file.write_all_at(&vec![1; pages * PAGE], 0)?;
        }
        file.sync_all()?;
        Ok(Self { file, place })
    }

    fn write_and_sync(&self, pages: usize, round: u64) -> Result<()> {
        let mut content = Content::new(PAGE, round);
        let first = match self.place {
            Where::Overwrite => 0,
            Where::Append => self.file.metadata()?.len(),
        };
        for page in 0..pages {
            self.file
                .write_all_at(content.piece(), first + (page * PAGE) as u64)?;
            self.file.sync_data()?;
        }
        Ok(())
    }
}

impl Subject for Floor {
    fn work(&mut self, work: Work, shape: &Shape, round: u64) -> Result<Sample> {
        let operations = if work == Work::CreateSynced {
            shape.synced
        } else {
            0
        };
        let start = Instant::now();
        self.write_and_sync(operations, round)?;
        Ok(Sample {
            elapsed: start.elapsed(),
            operations,
        })
    }
}
