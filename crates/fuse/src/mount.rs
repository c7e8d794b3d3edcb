//! Mounting, and being unmounted.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use fuser::{BackgroundSession, Config, MountOption, Session, SessionACL};
use rustix::io::Errno;
use tarbox_fs::{FilesystemInterface, blocking};
use tarbox_store::{Error, ErrorKind, Result};

use crate::adapter::{Adapter, Shared};
use crate::feed::{self, Feed};
use crate::notifier::Notifier;
use crate::options::MountOptions;
use crate::point::{self, Detach, bytes};

const DEVICE: &str = "/dev/fuse";

/// A mounted file system, served on threads of this process. Dropping it takes the mount away.
pub struct Mount {
    session: Option<BackgroundSession>,
    feed: Option<JoinHandle<()>>,
    stop_feed: Box<dyn Fn() + Send>,
    unmounter: Unmounter,
}

/// Takes a mount away from another thread.
#[derive(Debug, Clone)]
pub struct Unmounter {
    dir: PathBuf,
    device: Option<String>,
}

/// Mounts a file system on an empty directory, and returns when it can be used.
///
/// # Errors
/// Those of [`point::require_free`]; `Unsupported` where the system has no FUSE; `NotPermitted` where it may not be
/// mounted, with what to do about it.
pub fn mount<F>(fs: Arc<F>, dir: &Path, options: &MountOptions) -> Result<Mount>
where
    F: FilesystemInterface + Send + Sync + 'static,
{
    let place = point::require_free(dir)?;
    require_fuse()?;
    // A number of its own tells this mount's changes from those of others.
    let agent = format!("fuse:{:08x}", random());
    let feed = Feed::new(blocking(fs.last_change())?);
    let shared = Arc::new(Shared::new(fs, options.root, &agent, feed));
    let session = Session::new(Adapter(shared.clone()), &place, &config(options))
        .map_err(|e| explain(dir, &e))?;
    serve(session, shared, place)
}

fn serve<F>(session: Session<Adapter<F>>, shared: Arc<Shared<F>>, place: PathBuf) -> Result<Mount>
where
    F: FilesystemInterface + Send + Sync + 'static,
{
    let failed = |e: io::Error| point::host_error(&place, &e);
    let device = session.as_fd().try_clone_to_owned().map_err(failed)?;
    let notifier = Notifier::new(File::from(device));
    let session = session.spawn().map_err(failed)?;
    // A past state never changes.
    let feed = match shared.is_snapshot() {
        true => None,
        false => {
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name("tarbox-feed".to_owned());
            let follow = move || feed::follow(&shared, &notifier);
            Some(thread.spawn(follow).map_err(failed)?)
        }
    };
    let unmounter = Unmounter {
        device: point::mounted(&place)?.map(|mount| mount.device),
        dir: place,
    };
    Ok(Mount {
        session: Some(session),
        feed,
        stop_feed: Box::new(move || shared.feed.stop()),
        unmounter,
    })
}

impl Mount {
    /// Serves until the mount is taken away, by whom ever.
    ///
    /// # Errors
    /// `Io` if the kernel and this process do not understand each other any more.
    pub fn wait(mut self) -> Result<()> {
        self.join()
    }

    /// Takes the mount away and waits until the last who uses it is done.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), and those of the system.
    pub fn unmount(mut self) -> Result<()> {
        self.unmounter.unmount()?;
        self.join()
    }

    /// What takes the mount away while this is waiting.
    pub fn unmounter(&self) -> Unmounter {
        self.unmounter.clone()
    }

    fn join(&mut self) -> Result<()> {
        let ended = self.session.take().map_or(Ok(()), BackgroundSession::join);
        (self.stop_feed)();
        if let Some(feed) = self.feed.take() {
            // A thread that panicked has said so itself.
            drop(feed.join());
        }
        ended.map_err(|e| point::host_error(&self.unmounter.dir, &e))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.session.is_some() && self.unmounter.unmount().is_ok() {
            drop(self.join());
        }
        (self.stop_feed)();
    }
}

impl Unmounter {
    /// Takes the mount away: new accesses find the directory underneath, and who still uses it may finish.
    ///
    /// # Errors
    /// Those of the system.
    pub fn unmount(&self) -> Result<()> {
        let there = point::mounted(&self.dir)?;
        if there.is_none_or(|mount| Some(mount.device) != self.device) {
            // It was taken away before; what is there now is another's.
            return Ok(());
        }
        point::detach(&self.dir, Detach::AtOnce).map_err(|e| point::host_error(&self.dir, &e.into()))
    }
}

fn config(options: &MountOptions) -> Config {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":-_.".contains(c);
    let name = options.name.replace(|c| !plain(c), "_");
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName(name), MountOption::DefaultPermissions];
    if options.read_only {
        config.mount_options.push(MountOption::RO);
    }
    if options.allow_other {
        config.acl = SessionACL::All;
    }
    config.n_threads = Some(options.threads.max(2));
    config.clone_fd = true;
    config
}

/// Makes sure that the system can mount at all, so that what is missing can be named.
fn require_fuse() -> Result<()> {
    let missing = |why: &str| Err(Error::new(ErrorKind::Unsupported).because(why));
    if !Path::new(DEVICE).exists() {
        return missing(
            "there is no /dev/fuse: load the module with 'modprobe fuse', or start the container with '--device /dev/fuse'",
        );
    }
    if !rustix::process::geteuid().is_root() && !on_path(point::HELPER) {
        return missing("there is no fusermount3, without which only root can mount: install the package fuse3");
    }
    Ok(())
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn explain(dir: &Path, error: &io::Error) -> Error {
    let text = error.to_string();
    let refused = |why: &str| Error::new(ErrorKind::NotPermitted).about(bytes(dir)).because(why);
    if text.contains("user_allow_other") {
        return refused("--allow-other needs the line 'user_allow_other' in /etc/fuse.conf");
    }
    match Errno::from_io_error(error) {
        Some(Errno::PERM | Errno::ACCESS) => refused("mounting is not permitted here; a container needs CAP_SYS_ADMIN"),
        _ => Error::new(ErrorKind::Io).about(bytes(dir)).because(text.trim()),
    }
}

/// A number that no other mount has, on this machine or beside it.
fn random() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    // Its keys are random for each process and differ for each state made.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish() as u32
}
