//! The rival agentfs-sdk, through the calls its own documentation shows.

use agentfs_sdk::{AgentFS, AgentFSOptions, BoxedFile};
use tarbox_bench_work::{Files, Result};

const MODE: u32 = 0o644;

/// An agent's file system in a database of its own.
pub(crate) struct Agentfs {
    agent: AgentFS,
    open: Option<BoxedFile>,
}

impl Agentfs {
    /// Makes a database. With `synchronous` its one connection keeps that setting; its own `fsync` is then not called,
    /// since that turns synchronous commits off again behind itself.
    pub(crate) async fn create(database: &str, synchronous: Option<&str>) -> Result<Self> {
        let agent = AgentFS::open(AgentFSOptions::with_path(database)).await?;
        if let Some(value) = synchronous {
            let connection = agent.get_connection().await?;
            connection
                .execute(&format!("PRAGMA synchronous = {value}"), ())
                .await?;
        }
        Ok(Self { agent, open: None })
    }

    fn opened(&self) -> Result<&BoxedFile> {
        self.open.as_ref().ok_or_else(|| "no file is open".into())
    }

    async fn ino(&self, path: &str) -> Result<i64> {
        let found = self.agent.fs.stat(path).await?;
        Ok(found.ok_or_else(|| format!("{path}: not found"))?.ino)
    }
}

impl Files for Agentfs {
    async fn mkdir(&mut self, path: &str) -> Result<()> {
        Ok(self.agent.fs.mkdir(path, 0, 0).await?)
    }

    async fn create(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let (_, file) = self.agent.fs.create_file(path, MODE, 0, 0).await?;
        Ok(file.pwrite(0, content).await?)
    }

    async fn create_synced(&mut self, path: &str, content: &[u8]) -> Result<()> {
        self.create(path, content).await
    }

    async fn stat(&mut self, path: &str) -> Result<u64> {
        let found = self.agent.fs.stat(path).await?;
        Ok(found.ok_or_else(|| format!("{path}: not found"))?.size as u64)
    }

    async fn list(&mut self, path: &str) -> Result<usize> {
        let names = self.agent.fs.readdir(self.ino(path).await?).await?;
        Ok(names.map_or(0, |names| names.len()))
    }

    async fn list_long(&mut self, path: &str) -> Result<u64> {
        let entries = self.agent.fs.readdir_plus(self.ino(path).await?).await?;
        Ok(entries
            .unwrap_or_default()
            .iter()
            .map(|e| e.stats.size as u64)
            .sum())
    }

    async fn read(&mut self, path: &str, buffer: &mut [u8]) -> Result<usize> {
        // Faster than its `read_file`, which prepares its statement anew each time.
        let content = self
            .agent
            .fs
            .open(path)
            .await?
            .pread(0, buffer.len() as u64)
            .await?;
        buffer[..content.len()].copy_from_slice(&content);
        Ok(content.len())
    }

    async fn delete(&mut self, path: &str) -> Result<()> {
        Ok(self.agent.fs.remove(path).await?)
    }

    async fn open(&mut self, path: &str, truncate: bool) -> Result<()> {
        let there = self.agent.fs.stat(path).await?.is_some();
        let file = match there {
            true => self.agent.fs.open(path).await?,
            false => self.agent.fs.create_file(path, MODE, 0, 0).await?.1,
        };
        if truncate && there {
            file.truncate(0).await?;
        }
        self.open = Some(file);
        Ok(())
    }

    async fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        Ok(self.opened()?.pwrite(offset, data).await?)
    }

    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let data = self.opened()?.pread(offset, buffer.len() as u64).await?;
        buffer[..data.len()].copy_from_slice(&data);
        Ok(data.len())
    }

    async fn close(&mut self) -> Result<()> {
        self.open = None;
        Ok(())
    }

    async fn settle(&mut self) -> Result<()> {
        Ok(())
    }
}
