//! New inodes, and questions of access.

use std::ops::BitOr;

/// What to make under a new name. Modes are 12 bits, before the umask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewNode<'a> {
    /// An empty regular file.
    File {
        /// Permission bits.
        mode: u32,
    },
    /// An empty directory.
    Directory {
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link, mode 0777.
    Symlink {
        /// What it says, 1 to 4095 bytes without NUL.
        target: &'a [u8],
    },
    /// A named pipe, of which only the inode is kept.
    Fifo {
        /// Permission bits.
        mode: u32,
    },
    /// A socket, of which only the inode is kept.
    Socket {
        /// Permission bits.
        mode: u32,
    },
    /// A character device, of which only the inode is kept; only root makes one.
    CharDevice {
        /// Permission bits.
        mode: u32,
        /// Its device number.
        rdev: u64,
    },
    /// A block device, of which only the inode is kept; only root makes one.
    BlockDevice {
        /// Permission bits.
        mode: u32,
        /// Its device number.
        rdev: u64,
    },
}

/// A device number as Linux packs it: 12 bits of the major number in the middle of 32 of the minor, and the rest above.
pub const fn device(major: u32, minor: u32) -> u64 {
    let (major, minor) = (major as u64, minor as u64);
    (major & 0xfff) << 8 | (major & 0xffff_f000) << 32 | minor & 0xff | (minor & 0xffff_ff00) << 12
}

/// The major and the minor number of a device.
pub const fn major_minor(rdev: u64) -> (u32, u32) {
    let major = (rdev >> 8) & 0xfff | (rdev >> 32) & 0xffff_f000;
    let minor = rdev & 0xff | (rdev >> 12) & 0xffff_ff00;
    (major as u32, minor as u32)
}

/// What one would like to do with an inode, as the bits of `access(2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccessMask(u8);

impl AccessMask {
    /// It is there (`F_OK`).
    pub const EXISTS: Self = Self(0);
    /// Execute a file, search a directory (`X_OK`).
    pub const EXECUTE: Self = Self(1);
    /// Write a file, change the entries of a directory (`W_OK`).
    pub const WRITE: Self = Self(2);
    /// Read a file, list a directory (`R_OK`).
    pub const READ: Self = Self(4);

    /// As permission bits of one class: read 4, write 2, execute 1.
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// From permission bits of one class; others are ignored.
    pub const fn from_bits(bits: u32) -> Self {
        Self((bits & 7) as u8)
    }

    /// Whether all of `other` is in it.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for AccessMask {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers_are_packed_as_linux_does() {
        for (major, minor, rdev) in [
            (1, 3, 0x103),
            (0x1fff, 0x1ff, 0x1000_001f_ffff),
            (u32::MAX, u32::MAX, u64::MAX),
        ] {
            assert_eq!(device(major, minor), rdev);
            assert_eq!(major_minor(rdev), (major, minor));
        }
    }
}
