//! The workspace, which is opened when the program begins or first asks for it.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use tarbox_fs::{Credentials, Fs, FsOptions, blocking};
use tarbox_pool::MemoryPool;
use tarbox_store::{Database as _, ErrorKind, Quota, Store as _};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tarbox_wasi::{Capability, Dir, Volume};

use crate::Provider;
use crate::bindings::exports::tarbox::workspace::life::Guest;
use crate::clocks::monotonic;
use crate::image;
use crate::pace::Pace;
use crate::pool::{HostPool, Lease, lent};
use crate::settings::{Place, Settings};
use crate::stdio::complain;

/// Who the audit names.
const AGENT: &str = "component";

thread_local! {
    static WORKSPACE: OnceCell<&'static Workspace> = const { OnceCell::new() };
}

/// The workspace and what was made of it for the program.
pub(crate) struct Workspace {
    database: SqliteDatabase,
    store: SqliteStore,
    preopens: Vec<(String, Arc<Dir>)>,
    /// Where the database is, if that is not memory.
    pool: Option<Arc<HostPool>>,
    pace: RefCell<Pace>,
}

/// The workspace. Where there is none, the program ends: it must not run on without its files.
pub(crate) fn get() -> &'static Workspace {
    WORKSPACE.with(|cell| {
        let open = || match Workspace::open() {
            Ok(workspace) => &*Box::leak(Box::new(workspace)),
            Err(why) => {
                complain(&why);
                panic!("{why}");
            }
        };
        *cell.get_or_init(open)
    })
}

impl Guest for Provider {
    fn begin() -> Result<(), ()> {
        WORKSPACE.with(|cell| {
            if cell.get().is_some() {
                return Ok(());
            }
            let opened = Workspace::open().map_err(|why| complain(&why))?;
            let _ = cell.set(Box::leak(Box::new(opened)));
            Ok(())
        })
    }

    fn finish() -> Result<(), ()> {
        let Some(workspace) = WORKSPACE.with(|cell| cell.get().copied()) else {
            return Ok(());
        };
        workspace
            .finish()
            .map_err(|error| complain(&format!("the last changes are not kept: {error}")))
    }
}

impl Workspace {
    fn open() -> Result<Self, String> {
        let settings = Settings::read()?;
        let options = Options::new()
            .create(true)
            .background(false)
            .redo(settings.place != Place::Memory)
            .cache_bytes(settings.cache);
        let (pool, database) = match &settings.place {
            Place::Memory => {
                let memory = Arc::new(MemoryPool::new());
                image::unpack(&*memory, &settings.database)?;
                (
                    None,
                    SqliteDatabase::on_pool(memory, &settings.database, &options),
                )
            }
            Place::File { dir } => {
                let root = lent(dir.as_deref())?;
                let lease = Lease::take(&root, &settings.database)?;
                let pool = Arc::new(HostPool::new(root, lease));
                image::unpack(&*pool, &settings.database).inspect_err(|_| pool.release())?;
                let opened = SqliteDatabase::on_pool(pool.clone(), &settings.database, &options);
                (Some(pool), opened)
            }
        };
        let told = |error: tarbox_store::Error| {
            if let Some(pool) = &pool {
                pool.release();
            }
            format!("cannot open the workspace: {error}")
        };
        let database = database.map_err(told)?;
        let store = tenant(&database, &settings.tenant).map_err(told)?;
        let fs = Arc::new(Fs::with_options(store.clone(), FsOptions::default()));
        let volume = Volume::new(fs, Credentials::root(AGENT), Capability::ReadWrite, 1);
        let mut preopens = Vec::new();
        for (name, path) in settings.preopens {
            let dir = volume.dir(path.as_bytes()).map_err(|kind| {
                format!(
                    "TARBOX_PREOPENS: cannot give {path} to the program: {}",
                    kind.text()
                )
            })?;
            preopens.push((name, Arc::new(dir)));
        }
        Ok(Self {
            database,
            store,
            preopens,
            pool,
            pace: RefCell::new(Pace::new(monotonic())),
        })
    }

    /// What the program finds, by name.
    pub(crate) fn preopens(&self) -> impl Iterator<Item = (&str, &Arc<Dir>)> {
        self.preopens.iter().map(|(name, dir)| (name.as_str(), dir))
    }

    /// After a change of names or attributes, and before something is told: it is committed if that costs little.
    pub(crate) fn changed(&self) {
        self.commit(Pace::affords);
    }

    /// After a write. A program that writes on and on is not held up.
    pub(crate) fn wrote(&self) {
        self.commit(Pace::abounds);
    }

    /// After a file that was written is closed.
    pub(crate) fn closed(&self) {
        self.commit(Pace::affords);
    }

    /// Before the program says what may be its last word.
    pub(crate) fn tell(&self) {
        self.commit(|_, _| true);
    }

    /// Before the program waits: who waits has time.
    pub(crate) fn pause(&self) {
        self.commit(|_, _| true);
        if let Some(pool) = &self.pool {
            pool.beat();
        }
    }

    /// Rows alone go to the redo log at once; content, which needs a transaction, if `is_time`. Failures are not the
    /// program's here: what could not be committed stays in memory, and whoever syncs is told.
    fn commit(&self, is_time: impl FnOnce(&mut Pace, u64) -> bool) {
        let Some(pool) = &self.pool else {
            return;
        };
        if pool
            .softly(|| blocking(self.store.log_changes()))
            .unwrap_or(false)
        {
            return;
        }
        let began = monotonic();
        let mut pace = self.pace.borrow_mut();
        if is_time(&mut pace, began) {
            let _ = blocking(self.store.flush());
            pace.pay(began, monotonic());
        }
    }

    /// After a sync: what only seemed to be on the device gets there.
    pub(crate) fn settle(&self) -> Result<(), ErrorKind> {
        match &self.pool {
            Some(pool) => pool.settle().map_err(|_| ErrorKind::Io),
            None => Ok(()),
        }
    }

    /// Makes everything durable, and lets others in.
    fn finish(&self) -> tarbox_store::Result<()> {
        let Some(pool) = &self.pool else {
            return Ok(());
        };
        self.database.clone().close()?;
        blocking(self.store.sync())?;
        pool.release();
        Ok(())
    }
}

fn tenant(database: &SqliteDatabase, name: &str) -> tarbox_store::Result<SqliteStore> {
    match blocking(database.open_tenant(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            blocking(database.create_tenant(name, Quota::default()))?;
            blocking(database.open_tenant(name))
        }
        opened => opened,
    }
}
