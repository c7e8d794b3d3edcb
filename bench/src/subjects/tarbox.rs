//! Tarbox, by path, as every way in uses it.

use std::path::Path;

use tarbox_bench_work::{Files, Result};
use tarbox_fs::{FilesystemExt, FilesystemInterface, Handle, OpenFlags};
use tarbox_store::{Cookie, DirEntry, Store, WriteAt};

use crate::workspace::Workspace;

const MODE: u32 = 0o666;
/// Entries asked for at once.
const PAGE: usize = 1024;

/// A workspace with at most one file open.
pub(crate) struct Tarbox {
    workspace: Workspace,
    open: Option<Handle>,
}

impl Tarbox {
    /// Makes a database at this path.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        Workspace::create(path).map(Self::on)
    }

    /// Uses this workspace.
    pub(crate) fn on(workspace: Workspace) -> Self {
        Self {
            workspace,
            open: None,
        }
    }

    async fn make(&self, path: &str, content: &[u8]) -> Result<Handle> {
        let Workspace { fs, who } = &self.workspace;
        let (_, handle) = fs
            .open_path(who, path, OpenFlags::WRITE.truncated(), Some(MODE))
            .await?;
        fs.write(handle, WriteAt::Offset(0), content).await?;
        Ok(handle)
    }

    async fn entries(&self, path: &str) -> Result<Vec<DirEntry>> {
        let Workspace { fs, who } = &self.workspace;
        let (_, handle) = fs.open_path(who, path, OpenFlags::DIRECTORY, None).await?;
        let entries = fs.readdir(handle, Cookie(0), PAGE).await?;
        fs.release(handle).await?;
        Ok(entries)
    }

    /// Makes a file, which is open then.
    pub(crate) async fn open_new(&mut self, path: &str) -> Result<()> {
        self.open = Some(self.make(path, b"").await?);
        Ok(())
    }

    fn opened(&self) -> Result<Handle> {
        self.open.ok_or_else(|| "no file is open".into())
    }
}

impl Files for Tarbox {
    async fn mkdir(&mut self, path: &str) -> Result<()> {
        let Workspace { fs, who } = &self.workspace;
        fs.create_dir(who, path).await?;
        Ok(())
    }

    async fn create(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let handle = self.make(path, content).await?;
        Ok(self.workspace.fs.release(handle).await?)
    }

    async fn create_synced(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let handle = self.make(path, content).await?;
        self.workspace.fs.fsync(handle, false).await?;
        Ok(self.workspace.fs.release(handle).await?)
    }

    async fn stat(&mut self, path: &str) -> Result<u64> {
        let Workspace { fs, who } = &self.workspace;
        Ok(fs.stat(who, path).await?.size)
    }

    async fn list(&mut self, path: &str) -> Result<usize> {
        let Workspace { fs, who } = &self.workspace;
        let (_, handle) = fs.open_path(who, path, OpenFlags::DIRECTORY, None).await?;
        let names = fs.readdir_names(handle, Cookie(0), PAGE).await?;
        fs.release(handle).await?;
        Ok(names.len())
    }

    async fn list_long(&mut self, path: &str) -> Result<u64> {
        Ok(self.entries(path).await?.iter().map(|e| e.attr.size).sum())
    }

    async fn read(&mut self, path: &str, buffer: &mut [u8]) -> Result<usize> {
        let Workspace { fs, who } = &self.workspace;
        let (_, handle) = fs.open_path(who, path, OpenFlags::READ, None).await?;
        let read = fs.read(handle, 0, buffer).await?;
        fs.release(handle).await?;
        Ok(read)
    }

    async fn delete(&mut self, path: &str) -> Result<()> {
        let Workspace { fs, who } = &self.workspace;
        Ok(fs.remove_file(who, path).await?)
    }

    async fn open(&mut self, path: &str, truncate: bool) -> Result<()> {
        let Workspace { fs, who } = &self.workspace;
        let (flags, create) = match truncate {
            true => (OpenFlags::READ_WRITE.truncated(), Some(MODE)),
            false => (OpenFlags::READ_WRITE, None),
        };
        self.open = Some(fs.open_path(who, path, flags, create).await?.1);
        Ok(())
    }

    async fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        self.workspace
            .fs
            .write(self.opened()?, WriteAt::Offset(offset), data)
            .await?;
        Ok(())
    }

    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        Ok(self.workspace.fs.read(self.opened()?, offset, buffer).await?)
    }

    async fn close(&mut self) -> Result<()> {
        match self.open.take() {
            Some(handle) => Ok(self.workspace.fs.release(handle).await?),
            None => Ok(()),
        }
    }

    async fn settle(&mut self) -> Result<()> {
        Ok(self.workspace.fs.store().flush().await?)
    }
}
