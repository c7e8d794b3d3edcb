//! A workspace, mounted for one suite.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Database;
use crate::command::Cmd;
use crate::project::Project;

/// A new database and its mount; both are gone when it is dropped.
pub(super) struct Workspace {
    tarbox: PathBuf,
    /// Where everything is: on a file system of the machine itself.
    pub(super) beside: PathBuf,
    dir: PathBuf,
    db: String,
}

impl Workspace {
    pub(super) fn mount(project: &Project, on: Database) -> Result<Self> {
        let beside = place(project);
        let db = match on {
            Database::Sqlite => beside.join("db").display().to_string(),
            Database::Postgres => tarbox_test_postgres::server().fresh_url(),
        };
        let workspace = Self {
            db,
            tarbox: project.binary("debug", "tarbox"),
            dir: beside.join(mount_name(&beside)),
            beside,
        };
        workspace.unmount_left_over();
        if workspace.beside.exists() {
            fs::remove_dir_all(&workspace.beside)
                .with_context(|| format!("cannot clear {}", workspace.beside.display()))?;
        }
        fs::create_dir_all(&project.target)?;
        // Made here and by nobody else, also where everybody may write.
        fs::create_dir(&workspace.beside)
            .with_context(|| format!("cannot make {}", workspace.beside.display()))?;
        fs::create_dir(&workspace.dir)?;
        workspace.tarbox().arg("init").run_silent()?;
        workspace
            .tarbox()
            .args(["mount", "--allow-other"])
            .arg(&workspace.dir)
            .run()?;
        // Every user works in it.
        Cmd::new("chmod").arg("1777").arg(&workspace.dir).run_silent()?;
        Ok(workspace)
    }

    /// Where it is mounted.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The command, on this database.
    pub(super) fn tarbox(&self) -> Cmd {
        Cmd::new(&self.tarbox).arg("--db").arg(&self.db)
    }

    /// Takes the mount away and makes sure that nothing in the database is wrong.
    pub(super) fn check(self) -> Result<()> {
        Cmd::new(&self.tarbox).arg("umount").arg(&self.dir).run_silent()?;
        let report = self.tarbox().args(["--json", "fsck"]).output()?;
        let report: serde_json::Value = serde_json::from_str(&report)?;
        ensure!(
            report["problems"] == serde_json::json!([]),
            "fsck found: {report}"
        );
        Ok(())
    }

    fn unmount_left_over(&self) {
        // Mostly there is none, which is what it will say.
        let _ = Cmd::new(&self.tarbox).arg("umount").arg(&self.dir).run_silent();
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.unmount_left_over();
    }
}

/// Beside what is built, unless that is in a directory that other users cannot enter, such as a home: the suites act as them.
fn place(project: &Project) -> PathBuf {
    let enter = |dir: &Path| fs::metadata(dir).map_or(true, |it| it.permissions().mode() & 0o001 != 0);
    match project.target.ancestors().all(enter) {
        true => project.target.join("posix"),
        false => PathBuf::from("/var/tmp/tarbox-posix"),
    }
}

/// A name with which pjdfstest does not trip over itself: where its longest path is made of whole names, it fails.
fn mount_name(beside: &Path) -> &'static str {
    const WHOLE: usize = 9;
    match (beside.as_os_str().len() + "/mount".len()) % 127 {
        WHOLE => "mounted",
        _ => "mount",
    }
}
