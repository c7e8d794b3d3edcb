//! Who has the directory: WASI has no locks, and two programs on one database would destroy it.
//!
//! The holder is a file, named by chance, in a directory of its own. Making that directory is atomic, so one of many makes it. The
//! holder touches its file as a sign of life. Whoever finds a file that was not touched for a while renames it to a name of its
//! own, which is atomic, too: of many who try, one succeeds, and the holder before, should it still live, no longer
//! finds its file and changes nothing any more.
//!
//! What WASI cannot prevent: a program that is stopped between the look at its file and the write that follows, and goes on later
//! than [`DEAD_AFTER`]. It looks again whenever more than [`LOOK_EVERY`] has passed.

use std::cell::Cell;
use std::time::Duration;

use super::directory::entries;
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};
use crate::bindings::wasi::random::random::get_random_u64;
use crate::clocks;

/// Without a sign of life for so long, the holder counts as dead.
const DEAD_AFTER: Duration = Duration::from_secs(10);
/// How often the holder touches its file.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// How old its last look may be before a write.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How soon somebody who waits looks again at first, and how late in the end.
const RETRY_AFTER: Duration = Duration::from_millis(1);
const RETRY_AFTER_MAX: Duration = Duration::from_millis(100);
/// How long somebody waits for holders that come and go.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The right to change a database.
#[derive(Debug)]
pub(crate) struct Lease {
    /// The directory, and the file of this holder in it.
    dir: String,
    file: String,
    looked: Cell<u64>,
    beaten: Cell<u64>,
    is_lost: Cell<bool>,
}

impl Lease {
    /// Takes the right to the database of that name. Waits for the sign of life of another holder, or for the end of the time
    /// after which it counts as dead.
    ///
    /// # Errors
    /// Why it cannot be had, in a sentence.
    pub(crate) fn take(root: &Descriptor, database: &str) -> Result<Self, String> {
        let dir = format!("{database}-lease");
        let file = format!("{dir}/{:016x}", get_random_u64());
        let told = |code: ErrorCode| format!("cannot take the lease '{dir}': {}", code.message());
        let began = clocks::monotonic();
        let mut pause = RETRY_AFTER;
        let mut first_seen = None;
        let is_new = loop {
            match root.create_directory_at(&dir) {
                Ok(()) => {
                    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
                    let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
                    root.open_at(PathFlags::empty(), &file, how, flags)
                        .map_err(told)?;
                    break true;
                }
                Err(ErrorCode::Exist) => {}
                Err(code) => return Err(told(code)),
            }
            let holder = match entries(root, &dir) {
                Ok(all) => all.into_iter().next().map(|(name, _)| format!("{dir}/{name}")),
                Err(ErrorCode::NoEntry) => continue,
                Err(code) => return Err(told(code)),
            };
            let Some(sign) = last_sign(root, holder.as_deref().unwrap_or(&dir)) else {
                continue;
            };
            if clocks::wall() - sign > DEAD_AFTER.as_nanos() as i128 {
                match holder {
                    Some(holder) if root.rename_at(&holder, root, &file).is_ok() => break false,
                    // Another one was faster.
                    Some(_) => {}
                    // Its maker was killed before it had a file. If it was not, it is not empty any more.
                    None => drop(root.remove_directory_at(&dir)),
                }
                continue;
            }
            // Another holder is as new as the first one was.
            let seen = (holder, sign);
            let is_alive = first_seen
                .as_ref()
                .is_some_and(|(first, sign)| *first == seen.0 && *sign != seen.1);
            first_seen = first_seen.filter(|(first, _)| *first == seen.0).or(Some(seen));
            if is_alive || clocks::monotonic() - began > WAIT_MAX.as_nanos() as u64 {
                return Err(format!(
                    "another program has the database {database} open; WASI has no locks to share it by"
                ));
            }
            monotonic_clock::subscribe_duration(pause.as_nanos() as u64).block();
            pause = RETRY_AFTER_MAX.min(pause * 2);
        };
        // A new file is a sign of life itself, and another one so soon would tell who waits that it is in vain.
        let beaten = match is_new {
            true => clocks::monotonic(),
            false => 0,
        };
        let lease = Self {
            dir,
            file,
            looked: Cell::new(beaten),
            beaten: Cell::new(beaten),
            is_lost: Cell::new(false),
        };
        lease.beat(root);
        Ok(lease)
    }

    /// Whether it is still held.
    pub(super) fn holds(&self, root: &Descriptor) -> bool {
        let now = clocks::monotonic();
        if now.saturating_sub(self.looked.get()) > LOOK_EVERY.as_nanos() as u64 {
            self.look(root, now);
        }
        !self.is_lost.get()
    }

    /// Shows a sign of life, if it is time.
    pub(super) fn beat(&self, root: &Descriptor) {
        self.look(root, clocks::monotonic());
    }

    fn look(&self, root: &Descriptor, now: u64) {
        let is_due = now.saturating_sub(self.beaten.get()) > BEAT_EVERY.as_nanos() as u64;
        let seen = match is_due || self.beaten.get() == 0 {
            true => {
                self.beaten.set(now);
                let kept = NewTimestamp::NoChange;
                root.set_times_at(PathFlags::empty(), &self.file, kept, NewTimestamp::Now)
            }
            false => root.stat_at(PathFlags::empty(), &self.file).map(drop),
        };
        match seen {
            Err(ErrorCode::NoEntry) => self.is_lost.set(true),
            _ => self.looked.set(now),
        }
    }

    /// Gives it back.
    pub(super) fn release(&self, root: &Descriptor) {
        // Whoever took it over has it.
        if root.unlink_file_at(&self.file).is_ok() {
            let _ = root.remove_directory_at(&self.dir);
        }
        self.is_lost.set(true);
    }
}

/// When a file was last touched, in nanoseconds since 1970; none if it is gone.
fn last_sign(root: &Descriptor, path: &str) -> Option<i128> {
    let stat = root.stat_at(PathFlags::empty(), path).ok()?;
    let time = stat.data_modification_timestamp;
    Some(time.map_or(0, |time| {
        i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)
    }))
}
