//! Recording what was done, in the memtable that the same commit takes.

use std::sync::Arc;

use tarbox_store::{Actor, ErrorKind, Ino, LogQuery, LogRecord, Operation, Seq};

use super::paths::PATH_MAX;
use crate::op::Op;
use crate::rows::LogRow;
use crate::step::Step;

impl<'d> Op<'_, 'd> {
    /// Records an operation on an entry.
    pub(super) fn log_entry(
        &mut self,
        by: &Actor,
        operation: Operation,
        ino: Ino,
        entry: (Ino, &[u8]),
        bytes: u64,
    ) -> Step<()> {
        let path = self.entry_path(entry)?;
        self.log(by, operation, ino, path, None, bytes, 0);
        Ok(())
    }

    /// Records a rename.
    pub(super) fn log_rename(
        &mut self,
        by: &Actor,
        ino: Ino,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
    ) -> Step<()> {
        let (source, path) = (self.entry_path(from)?, self.entry_path(to)?);
        self.log(by, Operation::Rename, ino, path, Some(source), 0, 0);
        Ok(())
    }

    /// Records an operation on an inode, by one of its paths.
    pub(super) fn log_inode(&mut self, by: &Actor, operation: Operation, ino: Ino, bytes: u64) -> Step<()> {
        let path = self.path_or_number(ino)?;
        self.log(by, operation, ino, path, None, bytes, 0);
        Ok(())
    }

    /// Records a write; writes to one file between two commits share a record, and with it the file's version, unless somebody
    /// was [shown](Self::show) the file in between.
    pub(super) fn log_write(&mut self, by: &Actor, ino: Ino, bytes: u64) -> Step<()> {
        let state = &mut *self.state;
        if let Some(&at) = state.active.last_write.get(&ino)
            && let Some(record) = state.active.log.get(at)
            && record.uid == by.uid
            && (Arc::ptr_eq(&record.agent, &by.agent) || *record.agent == *by.agent)
        {
            state.delta.wrote = Some((at, bytes));
            return Ok(());
        }
        self.log_inode(by, Operation::Write, ino, bytes)?;
        self.state.delta.writes = Some(ino);
        Ok(())
    }

    /// Records an operation on the tenant or its history.
    pub(super) fn log_history(&mut self, by: &Actor, operation: Operation, name: &str) {
        self.log(by, operation, Ino(0), name.as_bytes().to_vec(), None, 0, 0);
    }

    pub(crate) fn log_refusal(&mut self, by: &Actor, operation: Operation, path: &[u8], kind: ErrorKind) {
        self.log(by, operation, Ino(0), path.to_vec(), None, 0, kind.errno());
    }

    #[allow(clippy::too_many_arguments)]
    fn log(
        &mut self,
        by: &Actor,
        operation: Operation,
        ino: Ino,
        mut path: Vec<u8>,
        from: Option<Vec<u8>>,
        bytes: u64,
        errno: i32,
    ) {
        path.truncate(PATH_MAX);
        let time = self.now();
        let agent = Self::agent(by);
        let tenant = self.row_mut();
        let (seq, layer) = (tenant.next_seq, tenant.current);
        tenant.next_seq += 1;
        let row = LogRow {
            seq,
            time,
            uid: by.uid,
            agent,
            operation,
            ino,
            path,
            from,
            bytes,
            layer,
            errno,
        };
        self.state.delta.log.push(row);
        // Rows that the operation changes from here on get their version as they are copied.
        for (_, slot) in &mut self.state.delta.inodes {
            if let Some(row) = &mut slot.row {
                row.version = Seq(seq);
            }
        }
    }

    /// Somebody is told which state an inode is in: the next write gets a record, and so a version, of its own.
    pub(super) fn show(&mut self, ino: Ino) {
        self.state.active.last_write.remove(&ino);
    }

    pub(crate) fn last_seq(&self) -> Seq {
        Seq(self.row().next_seq - 1)
    }

    pub(crate) fn last_seq_by_others(&self, agent: &str) -> Seq {
        let end = self.row().next_seq - 1;
        Seq(self.state.authors.last_of_others(agent, end))
    }

    /// The records after a position, if they are all in the frozen memtable: who watches would else make a transaction of
    /// every sync.
    pub(crate) fn recent_log(&self, query: &LogQuery) -> Option<Vec<LogRecord>> {
        let after = query.after?;
        let plain = LogQuery {
            after: query.after,
            before: query.before,
            limit: query.limit,
            ..LogQuery::default()
        };
        // A record of the active memtable may still grow.
        if *query != plain || !self.state.active.is_empty() {
            return None;
        }
        let log = &self.state.frozen.as_ref()?.table.log;
        let before = query.before.map_or(u64::MAX, |seq| seq.0);
        let later = log
            .iter()
            .filter(|row| row.seq > after.0 && row.seq < before)
            .take(query.limit_or_default());
        (after.0 + 1 >= log.first()?.seq).then(|| later.map(LogRow::record).collect())
    }
}
