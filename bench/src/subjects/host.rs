//! The host's file system, as a program uses it through the standard library.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;

use tarbox_bench_work::{Files, Result};

/// Files below the working directory, so that a path has as many components here as elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Host {
    open: Option<File>,
}

impl Host {
    fn file(&self) -> Result<&File> {
        self.open.as_ref().ok_or_else(|| "no file is open".into())
    }
}

impl Files for Host {
    async fn mkdir(&mut self, path: &str) -> Result<()> {
        Ok(fs::create_dir(path)?)
    }

    async fn create(&mut self, path: &str, content: &[u8]) -> Result<()> {
        Ok(File::create(path)?.write_all(content)?)
    }

    async fn create_synced(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let mut file = File::create(path)?;
        file.write_all(content)?;
        Ok(file.sync_all()?)
    }

    async fn stat(&mut self, path: &str) -> Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    async fn list(&mut self, path: &str) -> Result<usize> {
        let mut entries = 0;
        for entry in fs::read_dir(path)? {
            entries += usize::from(!entry?.file_name().is_empty());
        }
        Ok(entries)
    }

    async fn list_long(&mut self, path: &str) -> Result<u64> {
        let mut bytes = 0;
        for entry in fs::read_dir(path)? {
            bytes += entry?.metadata()?.len();
        }
        Ok(bytes)
    }

    async fn read(&mut self, path: &str, buffer: &mut [u8]) -> Result<usize> {
        // One call, although a program that does not know the size would make a second one to see the end.
        Ok(File::open(path)?.read(buffer)?)
    }

    async fn delete(&mut self, path: &str) -> Result<()> {
        Ok(fs::remove_file(path)?)
    }

    async fn open(&mut self, path: &str, truncate: bool) -> Result<()> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(truncate).truncate(truncate);
        self.open = Some(options.open(path)?);
        Ok(())
    }

    async fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        Ok(self.file()?.write_all_at(data, offset)?)
    }

    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file()?.read_exact_at(buffer, offset)?;
        Ok(buffer.len())
    }

    async fn close(&mut self) -> Result<()> {
        self.open = None;
        Ok(())
    }

    async fn settle(&mut self) -> Result<()> {
        // The kernel writes back when it likes; waiting for it is what no program does.
        Ok(())
    }
}
