//! Random SQL whose every transaction leaves a state that can be told from all others.

use std::hash::{DefaultHasher, Hash, Hasher};

use rusqlite::Connection;
use tarbox_pool::fault::Rng;

use super::{Mode, Registration, open};

/// What a run does between opening the database and the end.
#[derive(Debug)]
enum Action {
    /// A transaction that commits.
    Commit(String),
    /// Anything that leaves the contents as they are: a rollback, a checkpoint, a query.
    Neutral(String),
    /// Closes the connection and opens another.
    Reopen,
}

/// A list of transactions that is the same for the same seed.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) mode: Mode,
    settings: String,
    actions: Vec<Action>,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// How many transactions were acknowledged.
    pub(crate) acknowledged: usize,
    /// How many were begun: as many, or one more.
    pub(crate) attempted: usize,
}

/// What can be seen of a database: a digest of all rows, or `None` before the first transaction.
pub(crate) type State = Option<u64>;

const SCHEMA: &str = "CREATE TABLE meta (n INTEGER); INSERT INTO meta VALUES (1);
    CREATE TABLE item (id INTEGER PRIMARY KEY, tag TEXT, body BLOB); CREATE INDEX by_tag ON item (tag)";

impl Workload {
    pub(crate) fn new(seed: u64, mode: Mode, synchronous: &str, transactions: usize) -> Self {
        let mut random = Rng::new(seed.wrapping_mul(0xA076_1D64_78BD_642F));
        let page_size = random.one(&[512, 1024, 4096]);
        let cache = random.one(&[5, 10, 500]);
        let autocheckpoint = random.one(&[4, 20, 1000]);
        let size_limit = random.one(&[-1, 0, 20_000]);
        let vacuum = random.one(&[0, 1]);
        let settings = format!(
            "PRAGMA page_size = {page_size}; PRAGMA auto_vacuum = {vacuum}; {} PRAGMA cache_size = {cache};
             PRAGMA wal_autocheckpoint = {autocheckpoint}; PRAGMA journal_size_limit = {size_limit};
             PRAGMA synchronous = {synchronous}",
            mode.pragmas()
        );
        let mut actions = vec![Action::Commit(SCHEMA.into())];
        for n in 2..=transactions {
            if random.below(3) == 0 {
                actions.push(neutral(&mut random));
            }
            let statements: String = (0..=random.below(4)).map(|_| statement(&mut random)).collect();
            actions.push(Action::Commit(format!("{statements} UPDATE meta SET n = {n}")));
        }
        Self {
            mode,
            settings,
            actions,
        }
    }

    /// Runs until the end or the first error, and says how far it came.
    pub(crate) fn run(&self, vfs: &Registration) -> (Progress, rusqlite::Result<()>) {
        let mut progress = Progress {
            acknowledged: 0,
            attempted: 0,
        };
        let result = self.try_run(vfs, &mut progress);
        (progress, result)
    }

    fn try_run(&self, vfs: &Registration, progress: &mut Progress) -> rusqlite::Result<()> {
        let mut db = Some(self.open(vfs)?);
        for action in &self.actions {
            let connection = db.take().map_or_else(|| self.open(vfs), Ok)?;
            match action {
                Action::Commit(sql) => {
                    progress.attempted += 1;
                    connection.execute_batch(&format!("BEGIN; {sql}; COMMIT"))?;
                    progress.acknowledged += 1;
                }
                Action::Neutral(sql) => connection.execute_batch(sql)?,
                Action::Reopen => continue,
            }
            db = Some(connection);
        }
        Ok(())
    }

    /// Runs to the end in spite of errors: after each, `recover` is called with the connection, if it could
    /// be opened, and the action is tried again, unless it turns out to have happened. Everything that was
    /// acknowledged must be there each time. Gives how many errors there were.
    pub(crate) fn run_in_spite_of_errors(
        &self,
        vfs: &Registration,
        mut recover: impl FnMut(&rusqlite::Error),
    ) -> usize {
        let states = self.states();
        let (mut db, mut acknowledged, mut errors) = (None, 0, 0);
        for action in &self.actions {
            loop {
                let result = self.perform(action, vfs, &mut db);
                let Err(error) = result else { break };
                errors += 1;
                assert!(errors < 1_000, "no end of errors: {error}");
                recover(&error);
                let found = self.state_after_error(vfs, &mut db);
                let happened = matches!(action, Action::Commit(_)) && found == states[acknowledged + 1];
                if happened && found != states[acknowledged] {
                    // Visible but not acknowledged: whether it lasts is open until the next commit.
                    let connection = db.as_ref().unwrap();
                    connection
                        .execute_batch("UPDATE meta SET n = -n; UPDATE meta SET n = -n")
                        .unwrap();
                    break;
                }
                assert_eq!(found, states[acknowledged], "after {error}");
            }
            if matches!(action, Action::Commit(_)) {
                acknowledged += 1;
            }
        }
        errors
    }

    fn perform(
        &self,
        action: &Action,
        vfs: &Registration,
        db: &mut Option<Connection>,
    ) -> rusqlite::Result<()> {
        let connection = db.take().map_or_else(|| self.open(vfs), Ok)?;
        let result = match action {
            Action::Commit(sql) => connection.execute_batch(&format!("BEGIN; {sql}; COMMIT")),
            Action::Neutral(sql) => connection.execute_batch(sql),
            Action::Reopen => return Ok(()),
        };
        *db = Some(connection);
        result
    }

    /// What the same connection sees once it has taken the failed transaction back.
    fn state_after_error(&self, vfs: &Registration, db: &mut Option<Connection>) -> State {
        let connection = db.take().unwrap_or_else(|| self.open(vfs).unwrap());
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").unwrap();
        }
        assert_eq!(super::integrity(&connection), "ok");
        let found = state(&connection);
        *db = Some(connection);
        found
    }

    /// The state after each number of transactions, from none to all, as plain SQLite sees it.
    pub(crate) fn states(&self) -> Vec<State> {
        let db = Connection::open_in_memory().unwrap();
        let mut states = vec![state(&db)];
        for action in &self.actions {
            if let Action::Commit(sql) = action {
                db.execute_batch(&format!("BEGIN; {sql}; COMMIT")).unwrap();
                states.push(state(&db));
            }
        }
        states
    }

    pub(crate) fn open(&self, vfs: &Registration) -> rusqlite::Result<Connection> {
        let db = open(vfs, self.mode)?;
        db.execute_batch(&self.settings)?;
        Ok(db)
    }
}

fn statement(random: &mut Rng) -> String {
    let id = random.below(60);
    let len = random.one(&[10, 300, 2_000, 9_000]);
    match random.below(7) {
        0..=2 => format!(
            "INSERT OR REPLACE INTO item VALUES ({id}, 'tag {}', zeroblob({len}));",
            random.below(9)
        ),
        3 => format!(
            "UPDATE item SET tag = 'tag {}', body = zeroblob({len}) WHERE id % 5 = {};",
            id % 9,
            id % 5
        ),
        4 => format!("DELETE FROM item WHERE id % 4 = {};", id % 4),
        5 => format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
             INSERT OR REPLACE INTO item SELECT {id} + i, 'many', zeroblob({len} / 4) FROM n;"
        ),
        _ => format!(
            "SAVEPOINT s; DELETE FROM item; INSERT INTO item VALUES ({id}, 'gone', zeroblob({len}));
             ROLLBACK TO s;"
        ),
    }
}

fn neutral(random: &mut Rng) -> Action {
    let sql = match random.below(6) {
        0 | 1 => return Action::Reopen,
        2 => "PRAGMA wal_checkpoint(PASSIVE)".into(),
        3 => "PRAGMA wal_checkpoint(TRUNCATE)".into(),
        4 => "PRAGMA wal_checkpoint(RESTART)".into(),
        _ => format!("BEGIN; {} {} ROLLBACK", statement(random), statement(random)),
    };
    Action::Neutral(sql)
}

/// Reads everything.
pub(crate) fn state(db: &Connection) -> State {
    let exists = "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'";
    if db.query_row(exists, [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
        return None;
    }
    let mut digest = DefaultHasher::new();
    db.query_row("SELECT n FROM meta", [], |row| row.get::<_, i64>(0))
        .unwrap()
        .hash(&mut digest);
    let mut rows = db.prepare("SELECT id, tag, body FROM item ORDER BY id").unwrap();
    let mut rows = rows.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        row.get::<_, i64>(0).unwrap().hash(&mut digest);
        row.get::<_, String>(1).unwrap().hash(&mut digest);
        row.get::<_, Vec<u8>>(2).unwrap().hash(&mut digest);
    }
    Some(digest.finish())
}
