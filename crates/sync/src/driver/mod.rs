//! Rounds: both sides are observed, the plan is carried out, and what they have in common is remembered.

mod contents;
mod delta;
mod edits;
mod end;
mod follow;
mod observe;
mod stage;
mod state;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use tarbox_store::*;

use crate::plan::{Conflict, ConflictKind, Need, Plan, Side, plan};
use crate::{Base, Digest, Tree};
use end::{End, hidden_dir, own_versions};
use observe::{AT_ONCE, Before, CONTENTS_AT_ONCE, Observed};
use stage::Staged;
use state::Memory;
pub use state::{Clash, Happening, Status};
use steps::{Hands, Outcome, is_moved};

/// How often a round begins again because somebody changed what it was about to change.
const ATTEMPTS: usize = 16;

/// How a replica meets its server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who acts at both sides; what tells replicas apart is added to the agent.
    pub actor: Actor,
    /// A random number that names a replica that has no name yet.
    pub random: u64,
    /// The time of what is noted.
    pub now: fn() -> Timestamp,
    /// Bytes of small files that a round may keep in memory until they have their names; [`MEMORY`] where there is no reason for less.
    /// Others are made complete out of sight first.
    pub memory: u64,
}

/// See [`Options::memory`].
pub const MEMORY: u64 = 32 << 20;

/// What happens in a round, for whoever waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Both sides were compared: so many files, and bytes of those whose size is known, are to be copied, in so many steps.
    Planned {
        /// Steps of both sides.
        steps: u64,
        /// How many of them are in the replica.
        pulls: u64,
        /// Files to be copied.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// A file was copied.
    Content {
        /// To where.
        to: Side,
        /// Its bytes.
        bytes: u64,
    },
    /// A step was taken.
    Step {
        /// Where.
        on: Side,
    },
}

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Changes made in the replica.
    pub pulled: u64,
    /// Changes made at the server.
    pub pushed: u64,
    /// Bytes of files copied into the replica.
    pub bytes_pulled: u64,
    /// Bytes of files copied to the server.
    pub bytes_pushed: u64,
    /// How often it began again because somebody worked at the same files.
    pub repeated: u64,
    /// Conflicts that were found.
    pub conflicts: Vec<Clash>,
    /// What stays on one side, by path, and why.
    pub refused: BTreeMap<String, String>,
    /// Whether the server has an older state than the replica knew: both were connected anew, and nothing was removed.
    pub restored: bool,
}

/// A replica and its server.
#[derive(Debug)]
pub struct Replica<L, R> {
    local: L,
    remote: R,
    by: Actor,
    now: fn() -> Timestamp,
    memory_max: u64,
    local_staging: Ino,
    memory: Memory,
}

impl<L: Store, R: Store> Replica<L, R> {
    /// A replica in `local` of what is at `remote`. What it remembers is in its hidden directory. The server is not asked yet.
    ///
    /// # Errors
    /// `Corrupt` if what it remembers is damaged, and those of the store.
    pub async fn open(local: L, remote: R, options: &Options) -> Result<Self> {
        let dir = hidden_dir(&local, &options.actor, b"state").await?;
        let memory = Memory::load(&local, &options.actor, dir, options.random).await?;
        let name = format!("{}:{:08x}", options.actor.agent, memory.head.replica as u32);
        let by = Actor {
            agent: name.into(),
            ..options.actor
        };
        let local_staging = hidden_dir(&local, &by, b"staging").await?;
        Ok(Self {
            local,
            remote,
            by,
            now: options.now,
            memory_max: options.memory,
            local_staging,
            memory,
        })
    }

    /// How it stands, without asking the server.
    pub fn status(&self) -> &Status {
        &self.memory.head.status
    }

    /// The replica's own store.
    pub fn local(&self) -> &L {
        &self.local
    }

    /// The server's store.
    pub fn remote(&self) -> &R {
        &self.remote
    }

    /// Takes what somebody resolved off the list of conflicts: those that `is_resolved` says it of.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn resolve(&mut self, is_resolved: impl Fn(&Clash) -> bool) -> Result<usize> {
        let conflicts = &mut self.memory.head.status.conflicts;
        let before = conflicts.len();
        conflicts.retain(|clash| !is_resolved(clash));
        let resolved = before - conflicts.len();
        if resolved > 0 {
            self.memory.save(&self.local, &self.by).await?;
        }
        Ok(resolved)
    }

    /// Brings both sides in step. When it returns, both have everything that was on either when it began, and the server has it on
    /// its device; what was changed meanwhile is for the next round.
    ///
    /// # Errors
    /// `Busy` if a side shows a past layer, or somebody changes the same files all the time; those of the stores. Whatever a round was
    /// doing when it failed, the next one repairs it.
    pub async fn round(&mut self, tell: &dyn Fn(News)) -> Result<Report> {
        let mut report = Report::default();
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match self.attempt(&mut report, tell).await {
                Err(e) if is_moved(&e) => {
                    report.repeated += 1;
                    last = Some(e);
                    if report.repeated > 2 {
                        (self.memory.head.local, self.memory.head.remote) = (Seq(0), Seq(0));
                    }
                }
                done => return done.map(|()| report),
            }
        }
        let why = "somebody changes it all the time, or what is around it: it is tried again";
        let busy = Error::new(ErrorKind::Busy).because(why);
        Err(match last {
            Some(last) => busy.about(last.subject().unwrap_or("/")).caused_by(last),
            None => busy,
        })
    }

    async fn attempt(&mut self, report: &mut Report, tell: &dyn Fn(News)) -> Result<()> {
        check_head(self.local.position().await?, "the replica")?;
        let mark = self.memory.head.mark.map_or(Seq(0), |(seq, _)| seq);
        let standing = self.remote.standing(back(mark)).await?;
        check_head(standing.position, "the server")?;
        report.restored |= self.recognise(&standing).await?;
        let base = self.memory.base();
        if self.is_in_step(&base, standing.last).await? {
            return Ok(());
        }
        let staging = format!("replica-{:016x}", self.memory.head.replica);
        let local = End {
            store: &self.local,
            by: &self.by,
            side: Side::Local,
            staging: self.local_staging,
        };
        let remote = End {
            store: &self.remote,
            by: &self.by,
            side: Side::Remote,
            staging: hidden_dir(&self.remote, &self.by, staging.as_bytes()).await?,
        };
        local.sweep().await?;
        remote.sweep().await?;
        let mut here = observe(&local, &base, self.memory.head.local).await?;
        let mut there = observe(&remote, &base, self.memory.head.remote).await?;
        // What was about to be and is not there is gone with the staging directories.
        let is_there =
            |pair: &crate::Pair| here.tree.contains_key(&pair.local) && there.tree.contains_key(&pair.remote);
        self.memory.expect_only(is_there);
        let base = self.memory.base();
        let (plan, fetched) = decide(&base, &local, &remote, &mut here, &mut there).await?;
        tell(planned(&plan, [&here.tree, &there.tree]));
        if !plan.conflicts.is_empty() {
            let new = note_conflicts(&mut self.memory.head, (self.now)(), &plan.conflicts, report);
            self.memory.save(&self.local, &self.by).await?;
            audit(&local, &remote, &new).await;
        }
        let mut out = Outcome::default();
        let pull = Hands {
            here: &local,
            there: &remote,
            plan: &plan,
            seen: [&here.tree, &there.tree],
            position: there.position,
            fetched: &fetched,
            memory: self.memory_max,
            tell,
        };
        let nothing = BTreeMap::new();
        let push = Hands {
            here: &remote,
            there: &local,
            plan: &plan,
            seen: [&there.tree, &here.tree],
            position: here.position,
            fetched: &nothing,
            memory: self.memory_max,
            tell,
        };
        // What one side gives may be moved by its own steps: all contents are read before the first.
        let (pulled, mut pending) = pull.stage(&mut out).await?;
        let (pushed, also) = push.stage(&mut out).await?;
        pending.extend(also);
        if !pending.is_empty() {
            self.memory.expect(&self.local, &self.by, pending).await?;
        }
        pull.walk(&pulled, &mut out).await?;
        push.walk(&pushed, &mut out).await?;
        // What the replica takes for done has to outlive the server's machine.
        self.remote.sync().await?;
        let mine = local.records(back(here.position)).await?;
        let theirs = remote.records(back(there.position)).await?;
        let versions = [
            own_of(&local, &mine, here.position),
            own_of(&remote, &theirs, there.position),
        ];
        let version = |side: Side, ino: Ino| {
            let (tree, i) = match side {
                Side::Local => (&here.tree, 0),
                Side::Remote => (&there.tree, 1),
            };
            match out.touched[i].contains(&ino) {
                true => versions[i].get(&ino).copied().unwrap_or(Seq(0)),
                false => tree.get(&ino).map_or(Seq(0), |node| node.version),
            }
        };
        let number = |id, side| out.number(id, side);
        let content = |id| out.contents.get(&id).copied();
        let mut after = Base::after(&plan, number, version, content);
        // Changes are followed from where everything was in the base.
        let is_whole = out.refused.is_empty() && after.pairs.len() == plan.targets.len();
        keep_refused(&base, &out, &mut after);
        let head = &mut self.memory.head;
        (head.local, head.remote) = (Seq(0), Seq(0));
        if is_whole {
            head.local = next_position(&local, &mine, here.position, out.dirs[0]);
            head.remote = next_position(&remote, &theirs, there.position, out.dirs[1]);
        }
        head.mark = theirs.as_ref().and_then(|records| records.last()).map(mark_of);
        let time = (self.now)();
        note(
            head,
            time,
            &plan,
            &out,
            report,
            [&local.side, &remote.side].map(|side| count(&plan, *side)),
        );
        self.memory.settle(&self.local, &self.by, after).await
    }

    /// Whether it is the server that it was, with the state that it was in; where not, nothing is known of it any more.
    async fn recognise(&mut self, standing: &Standing) -> Result<bool> {
        let made = standing.tenant.created;
        let head = &mut self.memory.head;
        let is_another = head.made.is_some_and(|known| known != made);
        head.made = Some(made);
        let went_back = match head.mark {
            None => false,
            Some((seq, hash)) => match &standing.record {
                Some(record) if record.seq == seq => mark_of(record).1 != hash,
                // What was there has been trimmed.
                Some(record) => record.seq < seq,
                None => standing.last < seq,
            },
        };
        if is_another || went_back {
            self.memory.forget();
            let what = match is_another {
                true => "the server has another workspace of this name: connected anew, nothing is removed",
                false => "the server was set back to an earlier state: connected anew, nothing is removed",
            };
            self.memory.head.status.note((self.now)(), what);
            self.memory.save(&self.local, &self.by).await?;
        }
        Ok(is_another || went_back)
    }

    /// Whether neither side has anything new.
    async fn is_in_step(&self, base: &Base, last: Seq) -> Result<bool> {
        let head = &self.memory.head;
        let is_settled = base.pending.is_empty() && head.status.refused.is_empty();
        let is_known = head.local != Seq(0) && head.remote != Seq(0);
        Ok(is_settled
            && is_known
            && last == head.remote
            && self.is_as_it_was(head.local).await?
            && base
                .pairs
                .iter()
                .all(|pair| pair.local_version != Seq(0) && pair.remote_version != Seq(0)))
    }

    /// Whether nobody but us has changed anything in the replica since a position.
    async fn is_as_it_was(&self, position: Seq) -> Result<bool> {
        // A process that has just begun does not know whose the last records are.
        if self.local.last_seq_by_others(&self.by.agent).await? <= position {
            return Ok(true);
        }
        let end = End {
            store: &self.local,
            by: &self.by,
            side: Side::Local,
            staging: self.local_staging,
        };
        let records = end.records(position).await?;
        Ok(records.is_some_and(|records| records.iter().all(|record| end.is_ours(record))))
    }

    /// Removes what an interrupted round left half made in the replica, which the next one would do, too: for where there is no room.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tidy(&self) -> Result<()> {
        let local = End {
            store: &self.local,
            by: &self.by,
            side: Side::Local,
            staging: self.local_staging,
        };
        local.sweep().await
    }

    /// How many files were changed in the replica that the server may not have yet.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn ahead(&self) -> Result<Option<usize>> {
        count_changes(&self.local, &self.by, self.memory.head.local).await
    }

    /// How many files were changed at the server that the replica may not have yet.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn behind(&self) -> Result<Option<usize>> {
        count_changes(&self.remote, &self.by, self.memory.head.remote).await
    }

    /// Forgets what both sides had. The next round connects them anew: what is the same stays, nothing is removed, and what differs is kept
    /// twice.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn reset(&mut self) -> Result<()> {
        self.memory.forget();
        self.memory.head.made = None;
        let what = "what both sides had in common was forgotten on demand";
        self.memory.head.status.note((self.now)(), what);
        self.memory.save(&self.local, &self.by).await
    }
}

/// How many files others changed behind a position; `None` where everything has to be looked at to know.
async fn count_changes<S: Store>(store: &S, by: &Actor, position: Seq) -> Result<Option<usize>> {
    if position == Seq(0) {
        return Ok(None);
    }
    let end = End {
        store,
        by,
        side: Side::Local,
        staging: Ino(0),
    };
    let Some(records) = end.records(position).await? else {
        return Ok(None);
    };
    let counts = |record: &&LogRecord| !end.is_ours(record) && !end::is_hidden_path(&record.path);
    let changed: BTreeSet<Ino> = records
        .iter()
        .filter(counts)
        .filter(|record| record.ino != Ino(0) && record.errno == 0)
        .map(|record| record.ino)
        .collect();
    Ok(Some(changed.len()))
}

fn check_head(at: Position, who: &str) -> Result<()> {
    match at.current == at.head {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Busy).because(format!(
            "{who} shows a past layer: files are brought in step again when it is switched to 'head'"
        ))),
    }
}

async fn observe<S: Store>(end: &End<'_, S>, base: &Base, position: Seq) -> Result<Observed> {
    let before = Before::new(base, end.side);
    match position {
        Seq(0) => end.observe(&before).await,
        _ => end.observe_changes(base, position, &before).await,
    }
}

/// Plans, and reads what has to be read for it. Large files that the server has are brought along.
async fn decide<L: Store, R: Store>(
    base: &Base,
    local: &End<'_, L>,
    remote: &End<'_, R>,
    here: &mut Observed,
    there: &mut Observed,
) -> Result<(Plan, BTreeMap<Ino, Staged>)> {
    let mut fetched = BTreeMap::new();
    loop {
        let plan = plan(base, &here.tree, &there.tree);
        if plan.needs.is_empty() {
            return Ok((plan, fetched));
        }
        let (mine, theirs): (BTreeSet<Need>, BTreeSet<Need>) =
            plan.needs.into_iter().partition(|need| need.side == Side::Local);
        let versions = [&here.tree, &there.tree].map(|tree| {
            let version = |(ino, node): (&Ino, &crate::Node)| (*ino, node.version);
            tree.iter().map(version).collect::<BTreeMap<Ino, Seq>>()
        });
        let (mine_at, theirs_at) = (&versions[0], &versions[1]);
        let pairs = base.pairs.iter().filter(|pair| pair.kind == FileKind::File);
        let olds: BTreeMap<Ino, Ino> = pairs
            .filter(|pair| {
                let here = here.tree.get(&pair.local);
                here.is_some_and(|node| node.kind == FileKind::File)
            })
            .map(|pair| (pair.remote, pair.local))
            .collect();
        let old_of = |ino: Ino| olds.get(&ino).copied();
        let read = |need: Need| async move { (need.ino, local.digest(need.ino, mine_at[&need.ino]).await) };
        let jobs: Vec<_> = mine.into_iter().map(read).collect();
        let mut jobs = stream::iter(jobs).buffered(CONTENTS_AT_ONCE);
        while let Some((ino, content)) = jobs.next().await {
            let content = content?;
            here.tree.entry(ino).and_modify(|node| node.content = content);
        }
        // The server's files are told apart by their hashes; only what is too large to be hashed as one is brought along.
        let sizes: BTreeMap<Ino, u64> = theirs
            .iter()
            .filter_map(|need| Some((need.ino, there.tree.get(&need.ino)?.content.size())))
            .collect();
        let sizes = &sizes;
        let hash = |need: Need| async move {
            let (ino, version) = (need.ino, theirs_at[&need.ino]);
            let size = sizes.get(&ino).copied().unwrap_or_default();
            (need, remote.digest_there(ino, version, size).await)
        };
        let jobs: Vec<_> = theirs.into_iter().map(hash).collect();
        let mut jobs = stream::iter(jobs).buffered(AT_ONCE);
        let mut theirs = Vec::new();
        while let Some((need, content)) = jobs.next().await {
            match content? {
                Some(content) => {
                    there
                        .tree
                        .entry(need.ino)
                        .and_modify(|node| node.content = content);
                }
                None => theirs.push(need),
            }
        }
        let fetch = |need: Need| async move {
            let (ino, version) = (need.ino, theirs_at[&need.ino]);
            (ino, local.stage(remote, ino, version, old_of(ino)).await)
        };
        let jobs: Vec<_> = theirs.into_iter().map(fetch).collect();
        let mut jobs = stream::iter(jobs).buffered(CONTENTS_AT_ONCE);
        while let Some((ino, staged)) = jobs.next().await {
            let staged = staged?;
            there
                .tree
                .entry(ino)
                .and_modify(|node| node.content = staged.content);
            fetched.insert(ino, staged);
        }
    }
}

fn planned(plan: &Plan, trees: [&Tree; 2]) -> News {
    let (mut files, mut bytes) = (0, 0);
    for (side, step) in &plan.steps {
        if let crate::Step::Make { id, .. } | crate::Step::Replace { id, .. } = step {
            let tree = trees[side.other() as usize];
            let from = id.on(side.other()).and_then(|ino| tree.get(&ino));
            files += 1;
            bytes += from.map_or(0, |node| node.content.size());
        }
    }
    News::Planned {
        steps: plan.steps.len() as u64,
        pulls: count(plan, Side::Local),
        files,
        bytes,
    }
}

fn count(plan: &Plan, side: Side) -> u64 {
    plan.steps.iter().filter(|(of, _)| *of == side).count() as u64
}

/// What both sides still have in common of what one of them refused.
fn keep_refused(base: &Base, out: &Outcome, after: &mut Base) {
    let refused: BTreeSet<Ino> = out.refused.keys().filter_map(|id| id.local).collect();
    let at_server: BTreeSet<Ino> = out.refused.keys().filter_map(|id| id.remote).collect();
    let is_refused = |pair: &crate::Pair| refused.contains(&pair.local) || at_server.contains(&pair.remote);
    after.pairs.retain(|pair| !is_refused(pair));
    after
        .pairs
        .extend(base.pairs.iter().filter(|pair| is_refused(pair)).cloned());
}

/// Says in the log of both sides what could not be as somebody wanted it.
async fn audit<L: Store, R: Store>(local: &End<'_, L>, remote: &End<'_, R>, conflicts: &[Clash]) {
    for conflict in conflicts {
        let (operation, kind) = match conflict.kind {
            ConflictKind::Content => (Operation::Write, ErrorKind::Stale),
            ConflictKind::Deleted => (Operation::Unlink, ErrorKind::Stale),
            ConflictKind::Moved | ConflictKind::Cycle => (Operation::Rename, ErrorKind::Stale),
        };
        // The copy itself is in the log in any case.
        let _ = local
            .store
            .log_refusal(local.by, operation, &conflict.path, kind)
            .await;
        let _ = remote
            .store
            .log_refusal(remote.by, operation, &conflict.path, kind)
            .await;
    }
}

/// Notes the conflicts, before anything is done about them, and answers those that were not known from an earlier attempt.
fn note_conflicts(
    head: &mut state::Head,
    time: Timestamp,
    conflicts: &[Conflict],
    report: &mut Report,
) -> Vec<Clash> {
    let known = report.conflicts.len();
    let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    for conflict in conflicts {
        let clash = Clash {
            time,
            kind: conflict.kind,
            path: conflict.path.clone(),
            copy: conflict.copy.clone(),
        };
        let what = match (&clash.kind, &clash.copy) {
            (ConflictKind::Content, Some(copy)) => {
                format!("both changed {}: ours is {}", text(&clash.path), text(copy))
            }
            (ConflictKind::Content, None) => format!("both changed {}: both are kept", text(&clash.path)),
            (ConflictKind::Deleted, _) => format!(
                "{} was removed on one side and changed on the other: kept",
                text(&clash.path)
            ),
            (ConflictKind::Moved, _) => {
                format!("both moved {}: it is where the server has it", text(&clash.path))
            }
            (ConflictKind::Cycle, _) => format!(
                "directories were moved into each other: {} is where the server has it",
                text(&clash.path)
            ),
        };
        if report.conflicts.contains(&clash) {
            continue;
        }
        head.status.note(time, what);
        // Only a copy asks for a decision.
        if clash.copy.is_some() {
            head.status.clash(clash.clone());
        }
        report.conflicts.push(clash);
    }
    report.conflicts[known..].to_vec()
}

fn note(
    head: &mut state::Head,
    time: Timestamp,
    plan: &Plan,
    out: &Outcome,
    report: &mut Report,
    [pulled, pushed]: [u64; 2],
) {
    report.pulled += pulled;
    report.pushed += pushed;
    for (side, step) in &plan.steps {
        if let crate::Step::Make { id, .. } | crate::Step::Replace { id, .. } = step {
            let bytes = out.contents.get(id).map_or(0, |content| content.size());
            match side {
                Side::Local => report.bytes_pulled += bytes,
                Side::Remote => report.bytes_pushed += bytes,
            }
        }
    }
    let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    let refused = out.refused.iter().map(|(id, (side, e))| {
        let target = plan.targets.get(id).and_then(|target| target.names.first());
        let path = target.map_or_else(String::new, |place| text(&plan.path(place)));
        let whose = match side {
            Side::Local => "here",
            Side::Remote => "at the server",
        };
        (path, format!("{whose}: {e}"))
    });
    report.refused = refused.collect();
    for (path, why) in &report.refused {
        if head.status.refused.get(path) != Some(why) {
            head.status.note(time, format!("{path} was refused {why}"));
        }
    }
    head.status.refused = report.refused.clone();
    if pulled + pushed > 0 {
        head.status
            .note(time, format!("{pulled} changes came, {pushed} went"));
    }
    head.status.synced = Some(time);
}

/// The position before one.
fn back(position: Seq) -> Seq {
    Seq(position.0.saturating_sub(1))
}

/// The versions that our changes left behind a position.
fn own_of<S: Store>(end: &End<'_, S>, records: &Option<Vec<LogRecord>>, position: Seq) -> BTreeMap<Ino, Seq> {
    let records = records.as_deref().unwrap_or_default();
    let behind = records
        .iter()
        .position(|record| record.seq > position)
        .unwrap_or(records.len());
    own_versions(end, &records[behind..])
}

/// From where on the log has to be followed next time; 0 if everything has to be looked at.
fn next_position<S: Store>(
    end: &End<'_, S>,
    records: &Option<Vec<LogRecord>>,
    position: Seq,
    moved_dirs: bool,
) -> Seq {
    let Some(records) = records else { return Seq(0) };
    let is_ours = |record: &LogRecord| record.seq <= position || end.is_ours(record);
    match (records.iter().all(is_ours), moved_dirs) {
        (true, _) => records.last().map_or(position, |record| record.seq),
        // The paths in the records of others are those of before our changes, or of after: it is the same.
        (false, false) => position,
        (false, true) => Seq(0),
    }
}

/// What tells a record from every other that could have its position.
fn mark_of(record: &LogRecord) -> (Seq, [u8; 32]) {
    let mut text = format!(
        "{}|{}|{}|{}|",
        record.time.0,
        record.ino,
        record.operation.word(),
        record.agent
    )
    .into_bytes();
    text.extend_from_slice(&record.path);
    (record.seq, Digest::of(&text).0)
}
