//! Files that a composition carries: a workspace of their own, packed.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Follow, Fs, blocking};
use tarbox_pool::{MemoryPool, archive};
use tarbox_store::{Database as _, Error, ErrorKind, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tarbox_tar::Collision;

use crate::failure::{Failure, Result};
use crate::platform::{self, bytes_of};
use crate::print::Printer;
use crate::transfer::options::OwnerChoice;
use crate::transfer::{HostReader, Skip, TreeWriter, WorkspaceReader, WorkspaceWriter, pump};
use crate::workspace::Workspace;

/// What the provider calls its database.
const DATABASE: &str = "tarbox.db";
/// Its tenant.
const TENANT: &str = "default";

/// Packs a directory of the host.
pub(super) fn host(dir: &OsStr, out: &Printer) -> Result<Vec<u8>> {
    let host = bytes_of(dir);
    let opened = platform::open_dir(Path::new(dir)).map_err(|e| Failure::host(&*host, &e))?;
    let skip = Skip::default();
    packed(out, |writer| {
        pump(
            |emit| HostReader::new(&host, &skip).read(opened, emit),
            |item| writer.write(item),
        )
    })
}

/// Packs the files of a layer.
pub(super) fn layer<F: FilesystemInterface>(layer: &str, w: &Workspace<'_, F>) -> Result<Vec<u8>> {
    let path = format!("/.tarbox/snapshots/{layer}").into_bytes();
    let attr = blocking(w.fs.resolve(&w.who, path.as_slice(), Follow::Yes)).map_err(|e| match e.kind() {
        ErrorKind::NotFound => Failure::new(ErrorKind::NotFound, format!("there is no layer '{layer}'")),
        _ => Failure::of(e, &path),
    })?;
    let (fs, who) = (w.fs, &w.who);
    packed(w.out, |writer| {
        pump(
            |emit| WorkspaceReader::new(fs, who, &path).read(&attr, emit),
            |item| writer.write(item),
        )
    })
}

type Target<'a> = TreeWriter<WorkspaceWriter<'a, Fs<SqliteStore>>>;

/// Fills a new workspace, and packs it.
fn packed(out: &Printer, fill: impl FnOnce(&mut Target<'_>) -> Result<()>) -> Result<Vec<u8>> {
    let pool = Arc::new(MemoryPool::new());
    {
        let options = Options::new().create(true).background(false);
        let database = SqliteDatabase::on_pool(pool.clone(), DATABASE, &options)?;
        blocking(database.create_tenant(TENANT, Quota::default()))?;
        let fs = Fs::new(blocking(database.open_tenant(TENANT))?);
        let who = Credentials::root("compose");
        let w = Workspace::new(&fs, who, out, None);
        let root = blocking(w.fs.resolve(&w.who, b"/".as_slice(), Follow::Yes))?;
        // Whoever runs it is the only user there.
        let owners = OwnerChoice::parse("caller")
            .map_err(Failure::usage)?
            .resolve(false, 0);
        let target = WorkspaceWriter::new(w.fs, &w.who, (root.ino, b"/"), Collision::forced(true), owners);
        fill(&mut TreeWriter::new(target))?;
        database.sync()?;
        database.close()?;
    }
    archive::pack(&*pool).map_err(|e| Error::new(ErrorKind::Io).caused_by(e).into())
}
