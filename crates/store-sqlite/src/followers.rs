//! Who passes changes on: mounts, which tell the kernel. Each keeps a locked file that says how far it has got, and whoever
//! has changed something waits until all have got that far. A file that can be locked was left behind by a process that
//! died.
//!
//! A file is named `TENANT-PROCESS-NUMBER` and holds three numbers of 8 bytes: the position that was passed on; one more
//! than the position at which somebody gave up waiting, or 0; and a count that grows while passing on takes long.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tarbox_store::{Follower, Result, Seq};

use crate::rows::TenantId;
use crate::sessions::{failed, is_at, remove_if_dead};

/// How long one that does not go on is waited for. Telling the kernel of a change takes microseconds, of a large file
/// whose pages it drops up to a second.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_micros(20);
const PAUSE_MAX: Duration = Duration::from_millis(1);

/// Within this a directory that changes again may keep the time of its last change.
const CHANGING: Duration = Duration::from_secs(1);

const GIVEN_UP_AT: u64 = 8;
const STEPS_AT: u64 = 16;

/// The followers of a database that processes share; none where there is only one process.
#[derive(Debug)]
pub(crate) struct Followers {
    directory: Option<PathBuf>,
    made: AtomicU32,
    known: Mutex<Known>,
}

/// The names that were there when the directory was last changed.
#[derive(Debug, Default)]
struct Known {
    directory: Option<File>,
    changed: Option<SystemTime>,
    names: Vec<String>,
}

/// One of this process, until it is dropped.
#[derive(Debug)]
struct Sign {
    path: PathBuf,
    /// Locked.
    file: File,
    number: u32,
    steps: AtomicU64,
}

/// Where one is found.
pub(crate) struct Place(PathBuf);

/// What one says.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    position: u64,
    given_up: u64,
    steps: u64,
}

impl Followers {
    /// Nobody follows.
    pub(crate) fn none() -> Self {
        Self {
            directory: None,
            made: AtomicU32::new(0),
            known: Mutex::default(),
        }
    }

    /// The followers of the database whose files are in `directory`.
    pub(crate) fn of(directory: &Path) -> Self {
        Self {
            directory: Some(directory.join("followers")),
            ..Self::none()
        }
    }

    /// Adds one, which has passed nothing on yet; `None` where nobody else could wait for it.
    pub(crate) fn add(&self, tenant: TenantId) -> Result<Option<Box<dyn Follower>>> {
        let Some(directory) = &self.directory else {
            return Ok(None);
        };
        fs::create_dir_all(directory).map_err(|e| failed(directory, e))?;
        loop {
            let number = self.made.fetch_add(1, Ordering::Relaxed);
            let path = directory.join(name(tenant, number));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    let ready = file.lock().and_then(|()| file.write_all_at(&[0; 24], 0));
                    ready.map_err(|e| failed(&path, e))?;
                    // Before it was locked, somebody may have taken it for one that was left behind.
                    if is_at(&file, &path) {
                        return Ok(Some(Box::new(Sign {
                            path,
                            file,
                            number,
                            steps: AtomicU64::new(0),
                        })));
                    }
                }
                // Of a process of this number that died, or of one in another container.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => {
                    remove_if_dead(&path);
                }
                Err(e) => return Err(failed(&path, e)),
            }
        }
    }

    /// Those of a tenant, but for `besides` of this process.
    pub(crate) fn others(&self, tenant: TenantId, besides: Option<u32>) -> Vec<Place> {
        let Some(directory) = &self.directory else {
            return Vec::new();
        };
        let names = list(directory);
        let other = other(tenant, besides);
        let others = names.iter().filter(|name| other(name));
        others.map(|name| Place(directory.join(name))).collect()
    }

    /// Whether there are any. Costs one system call, unless somebody has come or gone a moment ago.
    pub(crate) fn are_there(&self, tenant: TenantId, besides: Option<u32>) -> bool {
        let Some(directory) = &self.directory else {
            return false;
        };
        let known = &mut *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.directory.is_none() {
            known.directory = File::open(directory).ok();
        }
        let Some(opened) = &known.directory else {
            return false;
        };
        let changed = opened.metadata().and_then(|metadata| metadata.modified()).ok();
        let is_past = |time: SystemTime| time.elapsed().is_ok_and(|since| since > CHANGING);
        if changed != known.changed || !changed.is_some_and(is_past) {
            known.names = list(directory);
            known.changed = changed;
        }
        let other = other(tenant, besides);
        known.names.iter().any(|name| other(name))
    }
}

fn list(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

/// Whether a name is that of a follower of the tenant, but not `besides` of this process.
fn other(tenant: TenantId, besides: Option<u32>) -> impl Fn(&str) -> bool {
    let prefix = format!("{}-", tenant.0);
    let own = besides.map(|number| name(tenant, number));
    move |name| name.starts_with(&prefix) && Some(name) != own.as_deref()
}

fn name(tenant: TenantId, number: u32) -> String {
    format!("{}-{}-{number}", tenant.0, std::process::id())
}

impl Place {
    /// Returns when this one has passed everything up to `position` on, has ended, or has not gone on for too long. One
    /// that somebody gave up is not waited for until it has gone on.
    pub(crate) fn wait(&self, position: Seq) {
        let mut seen = None;
        let mut limit = Instant::now();
        let mut pause = PAUSE_MIN;
        while let Some(state) = self.read() {
            if state.position >= position.0 || state.given_up == state.position.saturating_add(1) {
                return;
            }
            if seen.replace(state) != Some(state) {
                limit = Instant::now() + PATIENCE;
            } else if Instant::now() > limit {
                return self.give_up(state);
            }
            if pause == PAUSE_MAX && remove_if_dead(&self.0) {
                return;
            }
            // There is no lock with a deadline; the pauses stay below what a commit takes.
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn read(&self) -> Option<State> {
        let mut bytes = [0; 24];
        File::open(&self.0)
            .and_then(|file| file.read_exact_at(&mut bytes, 0))
            .ok()?;
        let number = |at: u64| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at as usize + byte]));
        Some(State {
            position: number(0),
            given_up: number(GIVEN_UP_AT),
            steps: number(STEPS_AT),
        })
    }

    /// Spares those who come later the wait.
    fn give_up(&self, state: State) {
        // Who may not write there waits the next time, too.
        if let Ok(file) = OpenOptions::new().write(true).open(&self.0) {
            let _known = file.write_all_at(&(state.position + 1).to_le_bytes(), GIVEN_UP_AT);
        }
    }
}

impl Follower for Sign {
    fn acknowledge(&self, position: Seq) {
        // Where it cannot be said, others wait in vain, once.
        let _said = self.file.write_all_at(&position.0.to_le_bytes(), 0);
    }

    fn go_on(&self) {
        let steps = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        let _said = self.file.write_all_at(&steps.to_le_bytes(), STEPS_AT);
    }

    fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Sign {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId(7);

    fn only(followers: &Followers) -> Place {
        let mut others = followers.others(TENANT, None);
        assert_eq!(others.len(), 1);
        others.remove(0)
    }

    #[test]
    fn one_is_waited_for_until_it_has_got_so_far() {
        let dir = tempfile::tempdir().unwrap();
        let followers = Followers::of(dir.path());
        assert!(!followers.are_there(TENANT, None));
        let sign = followers.add(TENANT).unwrap().unwrap();
        assert!(followers.are_there(TENANT, None) && !followers.are_there(TENANT, Some(sign.number())));
        assert!(followers.others(TENANT, Some(sign.number())).is_empty());
        assert!(followers.others(TenantId(77), None).is_empty());
        let place = only(&followers);
        let waiting = thread::spawn(move || place.wait(Seq(5)));
        sign.acknowledge(Seq(4));
        sign.go_on();
        assert!(!waiting.is_finished());
        sign.acknowledge(Seq(5));
        waiting.join().unwrap();
        drop(sign);
        assert!(followers.others(TENANT, None).is_empty() && !followers.are_there(TENANT, None));
    }

    #[test]
    fn one_that_is_gone_or_was_given_up_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let followers = Followers::of(dir.path());
        let sign = followers.add(TENANT).unwrap().unwrap();
        let place = only(&followers);
        place.give_up(place.read().unwrap());
        place.wait(Seq(9));
        // It has gone on, and ends while somebody waits.
        sign.acknowledge(Seq(1));
        let waiting = thread::spawn(move || place.wait(Seq(9)));
        drop(sign);
        waiting.join().unwrap();
        // The file of a process that died can be locked.
        let left = dir.path().join("followers/7-1-0");
        fs::write(&left, [0; 24]).unwrap();
        only(&followers).wait(Seq(9));
        assert!(!left.exists());
    }
}
