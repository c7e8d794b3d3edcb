//! Open inodes, and those without names that nobody has open any more.

use tarbox_store::{ErrorKind, Ino, Result, View};

use super::{Driver, Need, Rows, Run};
use crate::engine::Engine;
use crate::op::checked;
use crate::platform::at_once;
use crate::want::Want;

/// Inodes without names that are looked at together.
const REAPED: usize = 1_000;

impl<E: Engine> Driver<'_, E> {
    /// Removes an inode without names that is open nowhere. Answers whether it is gone: what cannot be removed now, a later
    /// collection removes.
    pub(crate) async fn collect(self, ino: Ino) -> Result<bool> {
        at_once(self.collect_unless(ino, None)).await
    }

    /// Removes those of these inodes without names that are open nowhere, and answers how many. Their names went with an
    /// earlier commit.
    pub(crate) async fn collect_all(self, inos: &[Ino]) -> Result<u64> {
        let (engine, tenant) = (&self.inner.engine, self.open.tenant);
        let held = match inos.is_empty() || engine.is_alone(tenant) {
            true => vec![false; inos.len()],
            false => engine.held_elsewhere(tenant, inos).await?,
        };
        let mut collected = 0;
        for (ino, held) in inos.iter().zip(held) {
            collected += u64::from(self.collect_unless(*ino, Some(held)).await?);
        }
        Ok(collected)
    }

    /// The same where it may be known whether another process has it open.
    async fn collect_unless(self, ino: Ino, held: Option<bool>) -> Result<bool> {
        let mut rows = Rows::default();
        let mut is_gone = false;
        let collected = loop {
            let attempt = self.attempt(false, &[], &mut rows, &mut |op| {
                is_gone = op.collect(ino, held)?;
                Ok(())
            });
            let provided = match attempt {
                Run::Done(result) => return result.map(|()| is_gone),
                Run::Needs(Need::Rows(wants)) => self.load(wants, &mut rows.loaded).await,
                Run::Needs(Need::Lease) => self.take_lease().await,
                Run::Needs(_) | Run::Full(_) | Run::Stale => break Ok(false),
            };
            if let Err(error) = provided {
                break Err(error);
            }
        };
        self.give_back_if_unused()?;
        collected
    }

    /// Removes inodes without names that no process has open: a crash, or the end of another process, left them. Answers how many.
    pub(crate) async fn reap_orphans(self) -> Result<u64> {
        let (mut after, mut reaped) = (Ino(0), 0);
        loop {
            // What has no name any more shows when it is committed.
            self.commit_visible().await?;
            let want = Want::Orphans { after, limit: REAPED };
            let found = self.inner.engine.load(self.open.tenant, &[want]).await?;
            let inos = found.first().map(|found| found.inodes()).transpose()?;
            let Some(inos) = inos.filter(|inos| !inos.is_empty()) else {
                return Ok(reaped);
            };
            reaped += self.collect_all(inos).await?;
            after = inos.last().copied().unwrap_or(after);
        }
    }

    /// Keeps an inode alive while a handle is open on it.
    pub(crate) async fn hold(self, ino: Ino) -> Result<()> {
        checked(ino)?;
        let is_first = {
            let mut state = self.lock();
            let count = state.holds.entry(ino).or_default();
            *count += 1;
            *count == 1
        };
        // Counted before, so that nobody else's last release takes it back.
        if let Err(error) = self.inner.engine.hold(self.open.tenant, ino).await {
            self.let_go(ino);
            return Err(error);
        }
        // Told first and looked at afterwards: whoever collects inodes without names does it in the other order.
        let names = self
            .read(|op| op.inode(View::Current, ino, |_, row| row.nlink))
            .await;
        let gone = match names {
            // Another process may have looked before this one told.
            Ok(0) if is_first && self.inner.engine.is_shared() => ErrorKind::NotFound.into(),
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        self.let_go(ino);
        Err(gone)
    }

    /// Ends one hold. Answers whether it was the last here.
    pub(crate) fn let_go(self, ino: Ino) -> bool {
        let mut state = self.lock();
        match state.holds.get_mut(&ino) {
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            Some(_) => {
                state.holds.remove(&ino);
                self.inner.engine.let_go(self.open.tenant, ino);
                true
            }
            None => false,
        }
    }

    /// Whether an inode is held here or elsewhere.
    pub(crate) async fn is_held(self, ino: Ino) -> Result<bool> {
        checked(ino)?;
        if self.lock().holds.contains_key(&ino) {
            return Ok(true);
        }
        let held = self.inner.engine.held_elsewhere(self.open.tenant, &[ino]).await?;
        Ok(held.first().copied().unwrap_or(true))
    }
}
