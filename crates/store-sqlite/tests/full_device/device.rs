//! A small device of its own, which can be filled to the last byte.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// tmpfs.
    Memory,
    /// tmpfs with so many inodes.
    FewInodes(u32),
    /// ext4 in a file, with blocks of so many bytes.
    Disk { block: u32 },
}

/// A mounted file system, gone when it is dropped.
pub(crate) struct Device {
    place: PathBuf,
    _around: TempDir,
}

impl Device {
    pub(crate) fn new(kind: Kind, mebibytes: u64) -> Self {
        let around = tempfile::tempdir().unwrap();
        let place = around.path().join("device");
        fs::create_dir(&place).unwrap();
        let at = place.as_os_str();
        match kind {
            Kind::Memory | Kind::FewInodes(_) => {
                let mut options = format!("size={mebibytes}M");
                if let Kind::FewInodes(count) = kind {
                    options += &format!(",nr_inodes={count}");
                }
                run(Command::new("mount")
                    .args(["-t", "tmpfs", "-o", &options, "small"])
                    .arg(at));
            }
            Kind::Disk { block } => {
                let image = around.path().join("image");
                File::create(&image).unwrap().set_len(mebibytes << 20).unwrap();
                let block = block.to_string();
                run(Command::new("mkfs.ext4")
                    .args(["-q", "-m", "0", "-b", &block])
                    .arg(&image));
                run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(at));
            }
        }
        Self {
            place,
            _around: around,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.place
    }

    /// Takes all the room that there is.
    pub(crate) fn fill(&self) {
        self.take(u64::MAX);
    }

    /// Leaves so many MiB.
    pub(crate) fn leave(&self, mebibytes: u64) {
        let free = self.free();
        self.take(free.saturating_sub(mebibytes << 20));
    }

    /// Takes so many bytes, or all that there are.
    pub(crate) fn take(&self, len: u64) {
        // Small writes at the end get what large ones leave.
        let mut left = len;
        for step in [1 << 20, 4096, 1024, 1] {
            let name = (0..)
                .map(|i| self.place.join(format!("ballast{i}")))
                .find(|name| !name.exists());
            let Ok(mut file) = File::create(name.unwrap()) else {
                return;
            };
            let piece = vec![1; step];
            while left >= step as u64 && file.write_all(&piece).is_ok() && file.sync_data().is_ok() {
                left -= step as u64;
            }
        }
    }

    /// Gives back what was taken.
    pub(crate) fn empty(&self) {
        for entry in fs::read_dir(&self.place).unwrap().map(Result::unwrap) {
            if entry.file_name().to_string_lossy().starts_with("ballast") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// Makes files until there is no inode for another.
    pub(crate) fn take_inodes(&self) {
        let made = (0..).take_while(|i| File::create(self.place.join(format!("ballast{i}"))).is_ok());
        assert!(made.count() > 0);
    }

    fn reserve(&self) -> PathBuf {
        self.place.join("t.db-blocks/reserve")
    }

    pub(crate) fn has_reserve(&self) -> bool {
        fs::read_dir(self.reserve()).is_ok_and(|files| files.count() > 0)
    }

    pub(crate) fn take_reserve(&self) {
        fs::remove_dir_all(self.reserve()).unwrap();
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.place).unwrap();
        stat.f_bavail * stat.f_frsize
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let lazily = Command::new("umount").arg("-l").arg(&self.place).status();
        if !std::thread::panicking() {
            assert!(
                lazily.is_ok_and(|status| status.success()),
                "the device stays mounted"
            );
        }
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} (these tests mount devices, which needs root): {said}"
    );
}
