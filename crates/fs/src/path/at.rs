//! Where a path begins, and where it may not lead.

use tarbox_store::Ino;

/// Where a path begins and what it is confined to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The directory relative paths begin in.
    pub dir: Ino,
    /// What bounds them.
    pub confine: Confine,
}

/// What bounds a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confine {
    /// A process's root: absolute paths and links begin there, and its `..` is itself. No defence against someone who
    /// moves directories out of it meanwhile.
    Root(Ino),
    /// The directory the path begins in, as `openat2(RESOLVE_BENEATH)` has it: absolute paths and links, and every
    /// `..` above it, are `NotPermitted`. The way back up is the way that was taken down, so it holds against
    /// directories that are moved meanwhile too. This is what a sandbox needs.
    Beneath,
}

impl At {
    /// The root of the file system.
    pub const ROOT: Self = Self::dir(Ino::ROOT);

    /// A current directory, with the root of the file system as root.
    pub const fn dir(dir: Ino) -> Self {
        Self {
            dir,
            confine: Confine::Root(Ino::ROOT),
        }
    }

    /// A directory that is root and current directory at once.
    pub const fn in_root(dir: Ino) -> Self {
        Self {
            dir,
            confine: Confine::Root(dir),
        }
    }

    /// A directory that paths must not leave.
    pub const fn beneath(dir: Ino) -> Self {
        Self {
            dir,
            confine: Confine::Beneath,
        }
    }

    /// This path, beginning here.
    pub fn path<P: AsRef<[u8]> + ?Sized>(self, path: &P) -> PathAt<'_> {
        PathAt {
            at: self,
            path: path.as_ref(),
        }
    }
}

/// A path and where it begins. Text and bytes convert to paths that begin at the root of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathAt<'p> {
    /// Where it begins.
    pub at: At,
    /// The path: at most 4096 bytes without NUL, of names of at most 255; it need not be UTF-8.
    pub path: &'p [u8],
}

macro_rules! path_from {
    ($($text:ty),*) => {$(
        impl<'p> From<&'p $text> for PathAt<'p> {
            fn from(path: &'p $text) -> Self {
                At::ROOT.path(path)
            }
        }
    )*};
}
path_from!(str, String, [u8], Vec<u8>);

impl<'p, const N: usize> From<&'p [u8; N]> for PathAt<'p> {
    fn from(path: &'p [u8; N]) -> Self {
        At::ROOT.path(path.as_slice())
    }
}

/// What to do with a symbolic link in the last place of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Follow {
    /// Go where it leads.
    Yes,
    /// It is what was meant (unless a `/` follows).
    No,
}
