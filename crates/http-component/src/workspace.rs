//! The workspace, for as long as one request takes.

use std::cell::OnceCell;

use http::{StatusCode, header};
use tarbox_fs::Credentials;
use tarbox_lent::{Files, Opened, Place, Settings, complain};
use tarbox_rest::problem::{Answer, Problem};
use tarbox_store::Store as _;

/// Who the audit names.
const AGENT: &str = "http";

thread_local! {
    static KEPT: OnceCell<Workspace> = const { OnceCell::new() };
}

/// An open workspace.
pub(crate) struct Workspace {
    opened: Opened,
    pub(crate) fs: Files,
    pub(crate) who: Credentials,
    pub(crate) tenant: String,
}

/// Opens the workspace, does something with it, and closes it again. What is in memory stays open: it would be gone.
///
/// # Errors
/// Why it cannot be opened.
pub(crate) fn with(act: impl FnOnce(&Workspace)) -> Answer<()> {
    let settings = Settings::read().map_err(|why| {
        complain(&why);
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "CONFIGURATION",
            "a setting is wrong",
        )
        .because(why)
    })?;
    if settings.place == Place::Memory {
        return KEPT.with(|kept| {
            if kept.get().is_none() {
                let _ = kept.set(Workspace::open(settings)?);
            }
            if let Some(workspace) = kept.get() {
                act(workspace);
            }
            Ok(())
        });
    }
    let workspace = Workspace::open(settings)?;
    act(&workspace);
    if let Err(error) = workspace.opened.finish() {
        complain(&format!("the workspace was not closed as it should be: {error}"));
    }
    Ok(())
}

impl Workspace {
    fn open(settings: Settings) -> Answer<Self> {
        let opened = Opened::open(&settings).map_err(|why| {
            complain(&why);
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                "the workspace is not open",
            )
            .because(why)
            .with(header::RETRY_AFTER, "1")
        })?;
        Ok(Self {
            fs: opened.fs(),
            who: Credentials::root(AGENT),
            tenant: settings.tenant,
            opened,
        })
    }

    /// Waits until what was changed is on the device.
    pub(crate) async fn keep(&self) -> Answer<()> {
        self.fs.store().sync().await?;
        Ok(self.opened.settle()?)
    }

    /// Shows others that this one lives, in the middle of a long answer.
    pub(crate) fn beat(&self) {
        if let Some(pool) = self.opened.pool() {
            pool.beat();
        }
    }
}
