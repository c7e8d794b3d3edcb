//! Everything that is known of a history: what was asked, what was answered, and every state that was ever visible.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tarbox_store::*;
use tarbox_store_core::{LogRow, TenantId};
use tarbox_test_engine::{MemoryDatabase, Server, invariants};

use crate::history::{Answer, Change};
use crate::reference::Files;

/// A state that was visible to whoever looked.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    number: u64,
    pub(crate) files: Rc<Files>,
    pub(crate) layers: Rc<BTreeMap<LayerId, Rc<Files>>>,
    /// The changes that led to it, in the order of the log.
    log: Rc<Vec<usize>>,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// Not yet, or with an error that does not say whether it is made.
    Open,
    Answered(Answer),
    /// It is not made.
    Refused(ErrorKind),
}

#[derive(Debug)]
struct Asked {
    change: Change,
    end: End,
    /// When it was answered, for times of files.
    time: Timestamp,
    /// The moment at which it was lost again.
    lost: Option<u64>,
    idle: Idle,
}

/// Whether a change that succeeded changed nothing, as a rename of one name of an inode to another: then no record tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Idle {
    No,
    /// Some states that the process may have seen say so, and others do not.
    Perhaps,
    Yes,
}

/// So many changes that were perhaps idle are tried in both ways.
const PERHAPS_MAX: usize = 6;

/// A process that lives.
pub(crate) struct Process {
    pub(crate) database: MemoryDatabase,
    losses: u64,
    /// Its changes that were answered, in that order.
    answered: Vec<usize>,
    /// The oldest state that its clients may still see.
    floor: usize,
    pub(crate) holds: BTreeMap<Ino, u32>,
}

/// When somebody was last told that changes are lost: all since the last sync, whether that is so by then or not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) moment: u64,
    /// How many changes of its process had been answered.
    pub(crate) answered: usize,
}

/// How things stood when a client asked for something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    process: u32,
    answered: usize,
    floor: usize,
    latest: usize,
    moment: u64,
    /// Another process had its lease.
    is_deposed: bool,
    /// How often the process had lost changes.
    losses: u64,
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) tenant: TenantId,
    pub(crate) sees_all: bool,
    versions: Vec<Version>,
    asked: Vec<Asked>,
    pub(crate) processes: BTreeMap<u32, Process>,
    /// Changes that can never be lost any more.
    durable: BTreeSet<usize>,
    moment: u64,
}

impl World {
    pub(crate) fn new(server: Server, tenant: TenantId, created: Timestamp, sees_all: bool) -> Self {
        let number = server.rows(tenant, |_, number| number).unwrap();
        let first = Version {
            number,
            files: Rc::new(Files::new(created)),
            layers: Rc::default(),
            log: Rc::default(),
        };
        Self {
            server,
            tenant,
            sees_all,
            versions: vec![first],
            asked: Vec::new(),
            processes: BTreeMap::new(),
            durable: BTreeSet::new(),
            moment: 0,
        }
    }

    pub(crate) fn latest(&self) -> &Version {
        self.versions.last().unwrap()
    }

    pub(crate) fn begin(&mut self, process: u32, database: MemoryDatabase) {
        let process = (
            process,
            Process {
                losses: database.core().engine().losses(self.tenant),
                database,
                answered: Vec::new(),
                floor: self.versions.len() - 1,
                holds: BTreeMap::new(),
            },
        );
        self.processes.extend([process]);
    }

    /// Looks at what became visible, and at what was lost.
    pub(crate) fn look(&mut self) {
        let (versions, asked) = (&self.versions, &self.asked);
        let seen = self.server.rows(self.tenant, |rows, number| {
            if number == versions.last().unwrap().number {
                return None;
            }
            let broken = invariants(rows);
            assert!(broken.is_empty(), "{broken:#?}");
            let log: Vec<usize> = rows.log.values().map(|row| row.agent.parse().unwrap()).collect();
            // After a crash the server is where it was before.
            let leads_there = |version: &&Version| log.starts_with(&version.log);
            let base = versions.iter().rev().find(leads_there).unwrap();
            let mut next = base.clone();
            next.number = number;
            for row in rows.log.values().skip(base.log.len()) {
                replay(&mut next, row, asked);
            }
            Some(next)
        });
        if let Some(next) = seen.unwrap() {
            crate::tell!("{}: {:?} are visible", self.moment, next.log);
            self.versions.push(next);
        }
        self.moment += 1;
        let latest: BTreeSet<usize> = self.latest().log.iter().copied().collect();
        for process in self.processes.values_mut() {
            let losses = process.database.core().engine().losses(self.tenant);
            if losses != process.losses {
                process.losses = losses;
                for id in process.answered.iter().filter(|id| !latest.contains(id)) {
                    self.asked[*id].lost.get_or_insert(self.moment);
                }
            }
        }
    }

    /// The server loses what is not durable, but for so many commits.
    pub(crate) fn crash(&mut self, kept: usize) {
        crate::tell!("{}: the server crashes", self.moment);
        self.look();
        let before = self.latest().log.clone();
        self.server.crash(kept);
        self.look();
        let after: BTreeSet<usize> = self.latest().log.iter().copied().collect();
        for id in before.iter().filter(|id| !after.contains(id)) {
            self.asked[*id].lost.get_or_insert(self.moment);
        }
    }

    pub(crate) fn start(&mut self, process: u32) -> Start {
        self.look();
        let known = &self.processes[&process];
        Start {
            process,
            answered: known.answered.len(),
            floor: known.floor,
            latest: self.versions.len() - 1,
            moment: self.moment,
            is_deposed: known.database.core().engine().is_overtaken(self.tenant),
            losses: known.losses,
        }
    }

    /// Takes note of a change that is asked for, and answers its number.
    pub(crate) fn ask(&mut self, process: u32, change: Change) -> usize {
        crate::tell!(
            "{}: {process} asks for {}: {change:?}",
            self.moment,
            self.asked.len()
        );
        self.asked.push(Asked {
            change,
            end: End::Open,
            time: Timestamp(0),
            lost: None,
            idle: Idle::No,
        });
        self.asked.len() - 1
    }

    /// Takes note of how it ended, and checks that this can be.
    pub(crate) fn answer(&mut self, start: &Start, id: usize, result: &Result<Answer>, now: Timestamp) {
        self.look();
        crate::tell!("{}: {} is told of {id}: {result:?}", self.moment, start.process);
        self.asked[id].time = now;
        let change = self.asked[id].change.clone();
        match result {
            Ok(answer) => {
                if matches!(change, Change::Rename(..))
                    && self.is_explained(start, false, |state| change.is_idle(&state.files))
                {
                    self.asked[id].idle = Idle::Perhaps;
                }
                self.asked[id].end = End::Answered(answer.clone());
                self.processes.get_mut(&start.process).unwrap().answered.push(id);
            }
            Err(error) if is_of_the_device(error) => {}
            Err(error) => {
                let kind = error.kind();
                self.asked[id].end = End::Refused(kind);
                self.explain(
                    start,
                    kind == ErrorKind::NotFound,
                    &format!("{change:?}: {error}"),
                    |state| {
                        let nameless =
                            |ino: &Ino| state.files.inodes.get(ino).is_some_and(|inode| inode.nlink == 0);
                        if kind == ErrorKind::NotFound && change.inos().iter().any(nameless) {
                            return true;
                        }
                        let made = change.make(&mut Files::clone(&state.files), Ino(0), now);
                        made == Err(kind)
                    },
                );
            }
        }
    }

    /// Checks that some state explains what a client saw.
    pub(crate) fn explain(
        &mut self,
        start: &Start,
        is_fresh: bool,
        what: &str,
        matches: impl Fn(&Version) -> bool,
    ) {
        if self.is_explained(start, is_fresh, matches) {
            return;
        }
        let own = self.processes[&start.process].answered.iter();
        let own = own.map(|id| (id, &self.asked[*id].change, self.asked[*id].lost));
        let own: Vec<String> = own.map(|change| format!("{change:?}")).collect();
        let versions = self.versions.iter().skip(start.floor);
        let logs: Vec<&Vec<usize>> = versions.map(|version| &*version.log).collect();
        panic!(
            "no state explains what process {} saw: {what}\n{start:?}\nits own changes: {own:#?}\nthe states: {logs:?}",
            start.process
        );
    }

    /// Whether a state explains it that is not older than what the process knew before; `is_fresh` if it has to know what others
    /// had committed.
    fn is_explained(&mut self, start: &Start, is_fresh: bool, matches: impl Fn(&Version) -> bool) -> bool {
        self.look();
        let process = &self.processes[&start.process];
        // Or was meanwhile, which shows by what was lost.
        let engine = process.database.core().engine();
        let is_deposed =
            start.is_deposed || start.losses != process.losses || engine.is_overtaken(self.tenant);
        let from = match (self.sees_all || is_fresh) && !is_deposed {
            true => start.latest,
            false => start.floor,
        };
        let lost = process.answered.iter().filter_map(|id| self.asked[*id].lost);
        let mut moments: BTreeSet<u64> = lost.filter(|lost| *lost > start.moment).collect();
        moments.insert(start.moment);
        for at in from..self.versions.len() {
            for lost_before in moments.iter().copied() {
                for answered in start.answered..=process.answered.len() {
                    let own = &process.answered[..answered];
                    let mut states = self.states(at, own, lost_before);
                    if states.any(|state| matches(&state)) {
                        drop(states);
                        let process = self.processes.get_mut(&start.process).unwrap();
                        process.floor = process.floor.max(at);
                        return true;
                    }
                }
            }
        }
        false
    }

    /// A version with a process' own changes on top, but for those that were lost before some moment: one state for each choice
    /// of changes that were perhaps idle.
    fn states(&self, at: usize, own: &[usize], lost_before: u64) -> impl Iterator<Item = Version> {
        let base = &self.versions[at];
        let is_on_top = |id: &&usize| {
            let asked = &self.asked[**id];
            let is_lost = asked.lost.is_some_and(|lost| lost <= lost_before);
            !is_lost && asked.idle != Idle::Yes && !base.log.contains(id)
        };
        let own: Vec<usize> = own.iter().filter(is_on_top).copied().collect();
        let perhaps = own.iter().filter(|id| self.asked[**id].idle == Idle::Perhaps);
        let choices = 1_u32 << perhaps.count().min(PERHAPS_MAX);
        (0..choices).filter_map(move |mut idle| {
            let mut state = base.clone();
            for id in &own {
                let asked = &self.asked[*id];
                if asked.idle == Idle::Perhaps {
                    let is_left_out = idle & 1 == 1;
                    idle >>= 1;
                    if is_left_out {
                        continue;
                    }
                }
                make(&mut state, asked, asked.time, None).ok()?;
            }
            Some(state)
        })
    }

    /// Checks what a sync or a flush has promised that ended without an error. `told` is when its caller was last told of losses.
    pub(crate) fn committed(&mut self, start: &Start, told: Told, is_durable: bool) {
        self.look();
        let ids = |rows: &tarbox_test_engine::Rows| -> BTreeSet<usize> {
            rows.log.values().map(|row| row.agent.parse().unwrap()).collect()
        };
        let there = match is_durable {
            true => self.server.durable_rows(self.tenant, ids),
            false => self.server.rows(self.tenant, |rows, _| ids(rows)),
        };
        let there = there.unwrap();
        let process = &self.processes[&start.process];
        for (at, id) in process.answered[..start.answered].iter().enumerate() {
            let asked = &mut self.asked[*id];
            match asked.lost {
                None if !there.contains(id) && asked.idle != Idle::No => asked.idle = Idle::Yes,
                Some(_) if asked.idle != Idle::No => {}
                _ if there.contains(id) && is_durable => drop(self.durable.insert(*id)),
                _ if there.contains(id) => {}
                Some(lost) if lost <= told.moment || at < told.answered => {}
                // A flush promises nothing for a server that crashes.
                Some(_) if !is_durable => {}
                lost => panic!(
                    "process {} was told that {:?} ({id}) is stored, which is not so (lost: {lost:?}, told: {told:?}, now: {})",
                    start.process, asked.change, self.moment
                ),
            }
        }
    }

    /// How many changes of a process were answered.
    pub(crate) fn answered(&self, process: u32) -> usize {
        self.processes[&process].answered.len()
    }

    pub(crate) fn moment(&self) -> u64 {
        self.moment
    }

    /// A process ends.
    pub(crate) fn end(&mut self, process: u32) {
        self.look();
        crate::tell!("{}: {process} ends", self.moment);
        self.server.kill(process);
        self.processes.remove(&process);
    }

    /// What is left in the end has all that was durable.
    pub(crate) fn check_durable(&self) {
        for id in &self.durable {
            let is_there = self.latest().log.contains(id);
            assert!(
                is_there,
                "{:?} ({id}) was durable and is lost",
                self.asked[*id].change
            );
        }
    }

    /// The whole history, to compare with another.
    pub(crate) fn digest(&self) -> String {
        format!(
            "{:?} {:?}",
            self.asked,
            self.versions
                .iter()
                .map(|version| &version.log)
                .collect::<Vec<_>>()
        )
    }
}

/// Whether an error is of the kind that calls which fail give, and tells nothing of files.
pub(crate) fn is_of_the_device(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Busy)
}

/// Makes a change on a state; `row` is its record.
fn make(
    state: &mut Version,
    asked: &Asked,
    now: Timestamp,
    row: Option<&LogRow>,
) -> std::result::Result<Answer, ErrorKind> {
    let made = match (&asked.end, row) {
        (End::Answered(Answer::Made(ino)), _) => *ino,
        (_, Some(row)) => row.ino,
        _ => Ino(0),
    };
    let mut files = Rc::unwrap_or_clone(std::mem::replace(&mut state.files, Rc::new(Files::new(now))));
    let answer = asked.change.make(&mut files, made, now);
    state.files = Rc::new(files);
    match (&asked.change, &asked.end, row) {
        (Change::Checkpoint(_), _, Some(row)) => {
            Rc::make_mut(&mut state.layers).insert(row.layer, state.files.clone());
            Ok(Answer::Sealed(row.layer))
        }
        (Change::Checkpoint(_), End::Answered(Answer::Sealed(layer)), None) => {
            Rc::make_mut(&mut state.layers).insert(*layer, state.files.clone());
            Ok(Answer::Sealed(*layer))
        }
        _ => answer,
    }
}

/// Makes the change that a record tells of, and checks that whoever asked for it was answered what it does here.
fn replay(state: &mut Version, row: &LogRow, asked: &[Asked]) {
    let id: usize = row.agent.parse().unwrap();
    let what = &asked[id];
    assert!(!state.log.contains(&id), "{:?} ({id}) is made twice", what.change);
    let made = make(state, what, row.time, Some(row));
    match (&what.end, &made) {
        (End::Answered(answer), Ok(made)) => assert_eq!(answer, made, "{:?} ({id})", what.change),
        (End::Open, Ok(_)) => {}
        _ => panic!(
            "{:?} ({id}) ended as {:?}, and in the order of the log as {made:?}",
            what.change, what.end
        ),
    }
    Rc::make_mut(&mut state.log).push(id);
}
