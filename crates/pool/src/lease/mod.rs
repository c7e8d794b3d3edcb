//! Who has a database where there are no locks, as in WASI: two programs on one database would destroy it.
//!
//! The holder is a file, named by chance, in a directory of its own. Making that directory is atomic, so one of many makes it. The
//! holder touches its file as a sign of life. Whoever finds a file that was not touched for a while renames it to a name of its
//! own, which is atomic, too: of many who try, one succeeds, and the holder before, should it still live, no longer
//! finds its file and changes nothing any more.
//!
//! What this cannot prevent: a program that is stopped between the look at its file and the write that follows, and goes on later
//! than [`DEAD_AFTER`]. It looks again whenever more than half a second has passed.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod directory;
mod pool;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use directory::DirectoryGround;
pub use pool::{LeasedPool, TAKEN};

/// Without a sign of life for so long, the holder counts as dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(10);
/// How often the holder touches its file.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// How old its last look may be before a write.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How soon somebody who waits looks again at first, and how late in the end.
const RETRY_AFTER: Duration = Duration::from_millis(1);
const RETRY_AFTER_MAX: Duration = Duration::from_millis(100);
/// How long somebody waits for holders that come and go.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What a lease needs of the system: a directory, in which paths are relative, clocks and randomness.
pub trait Ground: Debug {
    /// Makes a directory. Of many who do it at once, one succeeds.
    ///
    /// # Errors
    /// `AlreadyExists`, and what the system reports.
    fn make_dir(&self, path: &str) -> io::Result<()>;

    /// Makes a file that must not be there.
    ///
    /// # Errors
    /// What the system reports.
    fn make_file(&self, path: &str) -> io::Result<()>;

    /// The name of one entry of a directory; none if it is empty.
    ///
    /// # Errors
    /// `NotFound`, and what the system reports.
    fn first_entry(&self, path: &str) -> io::Result<Option<String>>;

    /// When a file or directory was last touched, in nanoseconds since 1970; none if it is gone.
    fn touched(&self, path: &str) -> Option<i128>;

    /// Touches a file.
    ///
    /// # Errors
    /// `NotFound`, and what the system reports.
    fn touch(&self, path: &str) -> io::Result<()>;

    /// Gives a file another name. Of many who do it at once, one succeeds.
    ///
    /// # Errors
    /// What the system reports.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system reports.
    fn remove_file(&self, path: &str) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// What the system reports.
    fn remove_dir(&self, path: &str) -> io::Result<()>;

    /// Nanoseconds since some moment; never goes back.
    fn monotonic(&self) -> u64;

    /// Nanoseconds since 1970, by the clock that dates files.
    fn wall(&self) -> i128;

    /// Waits.
    fn pause(&self, duration: Duration);

    /// A number that nobody else gets.
    fn random(&self) -> u64;
}

/// The right to change a database.
#[derive(Debug)]
pub struct Lease {
    /// The directory, and the file of this holder in it.
    dir: String,
    file: String,
    looked: AtomicU64,
    beaten: AtomicU64,
    is_lost: AtomicBool,
}

impl Lease {
    /// Takes the right to the database of that name. Waits for the sign of life of another holder, or for the end of the time
    /// after which it counts as dead.
    ///
    /// # Errors
    /// `ResourceBusy` if another one has it; otherwise what the system reports.
    pub fn take(ground: &impl Ground, database: &str) -> io::Result<Self> {
        let dir = format!("{database}-lease");
        let file = format!("{dir}/{:016x}", ground.random());
        let began = ground.monotonic();
        let mut pause = RETRY_AFTER;
        let mut first_seen = None;
        let is_new = loop {
            match ground.make_dir(&dir) {
                Ok(()) => match ground.make_file(&file) {
                    Ok(()) => break true,
                    // Somebody took it for the directory of a dead one.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                },
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let holder = match ground.first_entry(&dir) {
                Ok(first) => first.map(|name| format!("{dir}/{name}")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let Some(sign) = ground.touched(holder.as_deref().unwrap_or(&dir)) else {
                continue;
            };
            if ground.wall() - sign > DEAD_AFTER.as_nanos() as i128 {
                match holder {
                    Some(holder) if ground.rename(&holder, &file).is_ok() => break false,
                    // Another one was faster.
                    Some(_) => {}
                    // Its maker was killed before it had a file. If it was not, it is not empty any more.
                    None => drop(ground.remove_dir(&dir)),
                }
                continue;
            }
            // Another holder is as new as the first one was.
            let seen = (holder, sign);
            let is_alive = first_seen
                .as_ref()
                .is_some_and(|(first, sign)| *first == seen.0 && *sign != seen.1);
            first_seen = first_seen.filter(|(first, _)| *first == seen.0).or(Some(seen));
            if is_alive || ground.monotonic() - began > WAIT_MAX.as_nanos() as u64 {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    format!(
                        "another program has the database {database} open; WASI has no locks to share it by"
                    ),
                ));
            }
            ground.pause(pause);
            pause = RETRY_AFTER_MAX.min(pause * 2);
        };
        // A new file is a sign of life itself, and another one so soon would tell who waits that it is in vain.
        let beaten = match is_new {
            true => ground.monotonic(),
            false => 0,
        };
        let lease = Self {
            dir,
            file,
            looked: AtomicU64::new(beaten),
            beaten: AtomicU64::new(beaten),
            is_lost: AtomicBool::new(false),
        };
        lease.beat(ground);
        Ok(lease)
    }

    /// Whether it is still held.
    pub fn holds(&self, ground: &impl Ground) -> bool {
        let now = ground.monotonic();
        let looked = self.looked.load(Ordering::Relaxed);
        if now.saturating_sub(looked) > LOOK_EVERY.as_nanos() as u64 {
            self.look(ground, now);
        }
        !self.is_lost.load(Ordering::Relaxed)
    }

    /// Shows a sign of life, if it is time.
    pub fn beat(&self, ground: &impl Ground) {
        self.look(ground, ground.monotonic());
    }

    fn look(&self, ground: &impl Ground, now: u64) {
        let beaten = self.beaten.load(Ordering::Relaxed);
        let is_due = now.saturating_sub(beaten) > BEAT_EVERY.as_nanos() as u64;
        let is_gone = match is_due || beaten == 0 {
            true => {
                self.beaten.store(now, Ordering::Relaxed);
                let touched = ground.touch(&self.file);
                touched.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
            }
            false => ground.touched(&self.file).is_none(),
        };
        match is_gone {
            true => self.is_lost.store(true, Ordering::Relaxed),
            false => self.looked.store(now, Ordering::Relaxed),
        }
    }

    /// Gives it back.
    pub fn release(&self, ground: &impl Ground) {
        // Whoever took it over has it.
        if ground.remove_file(&self.file).is_ok() {
            let _ = ground.remove_dir(&self.dir);
        }
        self.is_lost.store(true, Ordering::Relaxed);
    }
}
