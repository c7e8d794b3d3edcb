//! The workspace, which is opened when the program begins or first asks for it.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use tarbox_fs::{Credentials, blocking};
use tarbox_lent::clocks::monotonic;
use tarbox_lent::{Opened, Settings, complain};
use tarbox_store::{ErrorKind, Store as _};
use tarbox_wasi::{Capability, Dir, Volume};

use crate::Provider;
use crate::bindings::exports::tarbox::workspace::life::Guest;
use crate::pace::Pace;

/// Who the audit names.
const AGENT: &str = "component";

thread_local! {
    static WORKSPACE: OnceCell<&'static Workspace> = const { OnceCell::new() };
}

/// The workspace and what was made of it for the program.
pub(crate) struct Workspace {
    opened: Opened,
    preopens: Vec<(String, Arc<Dir>)>,
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
            .opened
            .finish()
            .map_err(|error| complain(&format!("the last changes are not kept: {error}")))
    }
}

impl Workspace {
    fn open() -> Result<Self, String> {
        let settings = Settings::read()?;
        let opened = Opened::open(&settings)?;
        let fs = Arc::new(opened.fs());
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
            opened,
            preopens,
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
        if let Some(pool) = self.opened.pool() {
            pool.beat();
        }
    }

    /// Rows alone go to the redo log at once; content, which needs a transaction, if `is_time`. Failures are not the
    /// program's here: what could not be committed stays in memory, and whoever syncs is told.
    fn commit(&self, is_time: impl FnOnce(&mut Pace, u64) -> bool) {
        let Some(pool) = self.opened.pool() else {
            return;
        };
        if pool
            .softly(|| blocking(self.opened.store().log_changes()))
            .unwrap_or(false)
        {
            return;
        }
        let began = monotonic();
        let mut pace = self.pace.borrow_mut();
        if is_time(&mut pace, began) {
            let _ = blocking(self.opened.store().flush());
            pace.pay(began, monotonic());
        }
    }

    /// After a sync: what only seemed to be on the device gets there.
    pub(crate) fn settle(&self) -> Result<(), ErrorKind> {
        self.opened.settle()
    }
}
