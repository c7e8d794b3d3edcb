//! Mounting, and being unmounted.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use fuser::{BackgroundSession, Config, Session, SessionACL};
use tarbox_fs::{FilesystemInterface, Realm, blocking};
use tarbox_store::Result;

use crate::adapter::{Adapter, Shared};
use crate::attach::{self, attach};
use crate::feed::{self, Feed};
use crate::notifier::Notifier;
use crate::options::MountOptions;
use crate::point::{self, Detach};
use crate::serving::Serving;

/// A mounted file system, served on threads of this process. Dropping it takes the mount away: who still uses it is
/// served until they are done.
pub struct Mount {
    session: Option<BackgroundSession>,
    /// What tells the kernel of changes by others, and others of changes made here.
    threads: Vec<JoinHandle<()>>,
    /// Ends the feed, and answers how the file system ended.
    end: Box<dyn Fn() -> Result<()> + Send>,
    unmounter: Unmounter,
    serving: Arc<Serving>,
}

/// Keeps whoever takes a mount away waiting until it is dropped, or the process ends.
#[derive(Debug)]
pub struct Unfinished {
    _serving: Arc<Serving>,
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
    // A number of its own tells this mount's changes from those of others.
    let agent = format!("fuse:{:08x}", random());
    let failed = |e: io::Error| point::host_error(&place, &e);
    let serving = Arc::new(Serving::begin().map_err(failed)?);
    // A past state never changes.
    let feed = match Realm::of(options.root) {
        Realm::Snapshot => Feed::idle(),
        Realm::Workspace | Realm::Hook => Feed::begin(&fs)?,
    };
    let device = attach(&place, options)?;
    let unmounter = Unmounter {
        device: point::mounted(&place)?.map(|mount| mount.device),
        dir: place.clone(),
    };
    let served = attach::duplicate(&device)
        .map(Notifier::new)
        .map_err(failed)
        .and_then(|notifier| {
            let shared = Shared::new(fs, options.root, &agent, (feed, notifier), serving.clone());
            serve(Arc::new(shared), device, options, (&unmounter, serving))
        });
    served.inspect_err(|_| {
        // The reason is what matters, not whether an empty directory could be had back.
        drop(unmounter.unmount());
    })
}

fn serve<F>(
    shared: Arc<Shared<F>>,
    device: OwnedFd,
    options: &MountOptions,
    (unmounter, serving): (&Unmounter, Arc<Serving>),
) -> Result<Mount>
where
    F: FilesystemInterface + Send + Sync + 'static,
{
    let failed = |e: io::Error| point::host_error(&unmounter.dir, &e);
    let acl = match options.allow_other {
        true => SessionACL::All,
        false => SessionACL::Owner,
    };
    let session = Session::from_fd(Adapter(shared.clone()), device, acl, config(options))
        .and_then(Session::spawn)
        .map_err(failed)?;
    let mut threads = Vec::new();
    if shared.is_snapshot() {
        shared.settling.stop();
    } else {
        let begin = |name: &str, work: fn(&Arc<Shared<F>>)| {
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name(name.to_owned());
            thread.spawn(move || work(&shared)).map_err(failed)
        };
        threads.push(begin("tarbox-feed", feed::follow)?);
        threads.push(begin("tarbox-settle", settle)?);
    }
    Ok(Mount {
        session: Some(session),
        threads,
        end: Box::new(move || {
            shared.feed.stop();
            shared.settling.stop();
            shared.take_end()
        }),
        unmounter: unmounter.clone(),
        serving,
    })
}

/// Gives the answers that wait for other mounts.
fn settle<F: FilesystemInterface>(shared: &Arc<Shared<F>>) {
    // What cannot be committed now is tried again, and told by who waits for the device.
    let settled = || drop(blocking(shared.fs.settle(Some(shared.feed.follower()))));
    shared.settling.run(settled);
}

impl Mount {
    /// Serves until the mount is taken away, by whom ever, and everything written is on the device.
    ///
    /// # Errors
    /// `Io` if the kernel and this process do not understand each other any more; those of the last commit.
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

    /// Has whoever takes the mount away wait for more than that everything written is on the device: for what this process
    /// still has to do before others find the files as if there had been no mount.
    pub fn unfinished(&self) -> Unfinished {
        Unfinished {
            _serving: self.serving.clone(),
        }
    }

    fn join(&mut self) -> Result<()> {
        let ended = self.session.take().map_or(Ok(()), BackgroundSession::join);
        let synced = (self.end)();
        for thread in self.threads.drain(..) {
            // One that panicked has said so itself.
            drop(thread.join());
        }
        ended.map_err(|e| point::host_error(&self.unmounter.dir, &e))?;
        synced
    }
}

impl Drop for Mount {
    /// Waits for nobody: who still uses the mount may be the one who drops it.
    fn drop(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        let end = std::mem::replace(&mut self.end, Box::new(|| Ok(())));
        // Where it cannot be taken away, it ends with the process.
        drop(self.unmounter.unmount());
        let last = std::thread::Builder::new().name("tarbox-unmount".to_owned());
        let ended = last.spawn(move || {
            drop(session.join());
            drop(end());
        });
        // Without a thread for it, the end of the process does the same.
        drop(ended);
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
    let mut config = Config::default();
    config.n_threads = Some(options.threads.max(2));
    config.clone_fd = true;
    config
}

/// A number that no other mount has, on this machine or beside it.
fn random() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    // Its keys are random for each process and differ for each state made.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish() as u32
}
