//! Room on the device: what is accepted only where it can be stored, and a reserve for what makes room.
//!
//! A commit comes after its operations were accepted, and on a full device removing needs room as well: the log grows
//! before anything becomes free. So operations that add are refused while less than [`KEPT`] is free beyond what waits
//! for a commit, and a few files that only take room lie beside the segments. Whoever has to go on without room (a
//! commit, a removal, the mere opening of the database) deletes them, and they are made again as soon as there is room:
//! by the next who looks, whichever process that is, and however the one ended that gave them up.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FallocateFlags, StatVfs};

/// Free bytes of the device that only removing may use.
const KEPT: u64 = 2 * 1024 * 1024;
/// A commit begins with so many free bytes, or with the reserve given up.
const NEEDED: u64 = 1024 * 1024;
/// Free bytes below which little is gathered, and the log kept short. More than a log that is not.
const SCARCE: u64 = 96 * 1024 * 1024;

/// The files of the reserve: several, so that it is also one of inodes.
const FILES: u32 = 4;
const FILE_LEN: u64 = 1024 * 1024;

/// The room on the device of one database.
#[derive(Debug)]
pub(crate) struct Room {
    device: Option<Device>,
}

#[derive(Debug)]
struct Device {
    directory: PathBuf,
    reserve: PathBuf,
    /// Something of the reserve is missing.
    is_spent: AtomicBool,
    /// This process has given it up.
    is_given_up: AtomicBool,
    /// The file system cannot keep room for a file.
    is_unable: AtomicBool,
    is_scarce: AtomicBool,
}

impl Room {
    /// Nothing is known of the device.
    pub(crate) fn unknown() -> Self {
        Self { device: None }
    }

    /// The room for the database whose files are in this directory.
    pub(crate) fn of(directory: &Path) -> Self {
        let reserve = directory.join("reserve");
        let last = reserve.join((FILES - 1).to_string());
        let is_whole = fs::metadata(last).is_ok_and(|meta| meta.len() == FILE_LEN);
        Self {
            device: Some(Device {
                directory: directory.to_owned(),
                reserve,
                is_spent: AtomicBool::new(!is_whole),
                is_given_up: AtomicBool::new(false),
                is_unable: AtomicBool::new(false),
                is_scarce: AtomicBool::new(false),
            }),
        }
    }

    /// How many bytes may wait for a commit before this has to be asked again; `None` if the device does not say.
    pub(crate) fn allowance(&self) -> Option<u64> {
        let device = self.device.as_ref()?;
        let free = device.look()?;
        let kept = if device.restore(free) { KEPT } else { free };
        Some(free.saturating_sub(kept))
    }

    /// Whether the device has no inode left for another file.
    pub(crate) fn is_out_of_inodes(&self) -> bool {
        let stat = self.device.as_ref().and_then(Device::stat);
        stat.is_some_and(|stat| stat.f_files > 0 && stat.f_ffree == 0)
    }

    /// Whether there is so little room that commits should be small.
    pub(crate) fn is_scarce(&self) -> bool {
        self.device
            .as_ref()
            .is_some_and(|device| device.is_scarce.load(Ordering::Relaxed))
    }

    /// Sees to it that a commit has some room to begin with.
    pub(crate) fn prepare(&self) {
        if let Some(device) = &self.device
            && device.look().is_some_and(|free| free < NEEDED)
        {
            device.spend();
        }
    }

    /// Gives the reserve up. Answers whether there was any.
    pub(crate) fn spend(&self) -> bool {
        self.device.as_ref().is_some_and(Device::spend)
    }

    /// Keeps room again, if there is.
    pub(crate) fn restore(&self) {
        if let Some(device) = &self.device
            && device.is_spent.load(Ordering::Relaxed)
            && let Some(free) = device.look()
        {
            device.restore(free);
        }
    }
}

impl Drop for Room {
    /// The log has been removed with the last connection, and others may need room less than whoever opens the database
    /// next: what can be kept of it is kept.
    fn drop(&mut self) {
        if let Some(device) = &self.device
            && device.is_spent.load(Ordering::Relaxed)
            && device.is_given_up.load(Ordering::Relaxed)
        {
            // Less than all of it is better than nothing.
            let _kept = device.fill();
        }
    }
}

impl Device {
    /// The free bytes for this user. Those of a quota do not show: where it ends, only trying tells.
    fn look(&self) -> Option<u64> {
        let stat = self.stat()?;
        if stat.f_blocks == 0 {
            return None;
        }
        let blocks = if rustix::process::geteuid().is_root() {
            stat.f_bfree
        } else {
            stat.f_bavail
        };
        let free = blocks.saturating_mul(stat.f_frsize);
        self.is_scarce.store(free < SCARCE, Ordering::Relaxed);
        Some(free)
    }

    /// What the device says; for a database that is being made, where its directory will be.
    fn stat(&self) -> Option<StatVfs> {
        let beside = || {
            rustix::fs::statvfs(
                self.directory
                    .parent()
                    .filter(|p| !p.as_os_str().is_empty())
                    .unwrap_or(Path::new(".")),
            )
        };
        rustix::fs::statvfs(&self.directory).or_else(|_| beside()).ok()
    }

    /// Makes the reserve whole, if there is room for more than that. Answers whether it is.
    fn restore(&self, free: u64) -> bool {
        if !self.is_spent.load(Ordering::Relaxed) || self.is_unable.load(Ordering::Relaxed) {
            return true;
        }
        if free < u64::from(FILES) * FILE_LEN + KEPT {
            return false;
        }
        match self.fill() {
            Ok(()) => {
                self.is_spent.store(false, Ordering::Relaxed);
                true
            }
            Err(e) => {
                let full = matches!(
                    e.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                );
                self.is_unable.store(!full, Ordering::Relaxed);
                !full
            }
        }
    }

    fn fill(&self) -> io::Result<()> {
        match fs::create_dir(&self.reserve) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        (0..FILES).try_for_each(|i| {
            let file: File = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(self.reserve.join(i.to_string()))?;
            Ok(rustix::fs::fallocate(
                &file,
                FallocateFlags::empty(),
                0,
                FILE_LEN,
            )?)
        })
    }

    /// The last file goes first, so that it stands for all of them.
    fn spend(&self) -> bool {
        self.is_spent.store(true, Ordering::Relaxed);
        let gone = (0..FILES)
            .rev()
            .filter(|i| fs::remove_file(self.reserve.join(i.to_string())).is_ok());
        let had_any = gone.count() > 0;
        self.is_given_up.fetch_or(had_any, Ordering::Relaxed);
        had_any
    }
}
