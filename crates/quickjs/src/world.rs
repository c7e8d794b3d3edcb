//! What a script sees of the file systems it was given: one tree of names, a current directory, and open files.

use std::sync::Arc;

use tarbox_fs::{At, Credentials, Handle, PathAt};
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino, Result, Timestamp};
use tarbox_wasi::{Capability, Files};

/// The most files that a script may have open at once.
pub(crate) const DESCRIPTORS_MAX: usize = 65_536;

/// A directory of a file system, the name under which scripts find it, and what they may do there.
#[derive(Clone)]
pub struct Mount {
    files: Arc<dyn Files>,
    root: Ino,
    /// Absolute, without a slash at the end; the root is empty.
    at: Vec<u8>,
    capability: Capability,
}

impl Mount {
    /// The directory at `path` of `files`, under the name `at`.
    ///
    /// # Errors
    /// `NotDirectory`, and those of resolving a path.
    pub fn new(
        files: Arc<dyn Files>,
        who: &Credentials,
        path: &[u8],
        at: &[u8],
        capability: Capability,
    ) -> Result<Self> {
        let root = if path.iter().all(|byte| *byte == b'/') {
            files.root()
        } else {
            let whole = At::in_root(files.root()).path(path);
            let attr = files.resolve(who, whole, tarbox_fs::Follow::Yes)?;
            if !attr.is_dir() {
                return Err(Error::new(ErrorKind::NotDirectory).about(path));
            }
            attr.ino
        };
        let at = normalize(b"/", at);
        let at = if at == b"/" { Vec::new() } else { at };
        Ok(Self {
            files,
            root,
            at,
            capability,
        })
    }
}

/// A place in one of the file systems.
pub(crate) struct Spot<'w> {
    pub(crate) files: &'w Arc<dyn Files>,
    root: Ino,
    path: Vec<u8>,
    pub(crate) device: u64,
    writable: bool,
}

impl Spot<'_> {
    /// The path, as the file system is asked for it.
    pub(crate) fn path(&self) -> PathAt<'_> {
        At::in_root(self.root).path(&self.path)
    }

    /// # Errors
    /// `ReadOnly` where nothing may be changed.
    pub(crate) fn writable(&self) -> Result<()> {
        match self.writable {
            true => Ok(()),
            false => Err(ErrorKind::ReadOnly.into()),
        }
    }
}

/// An open file or directory.
#[derive(Clone)]
pub(crate) struct Descriptor {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) handle: Handle,
    pub(crate) ino: Ino,
    pub(crate) device: u64,
    /// Where the next read or write without a position begins.
    pub(crate) offset: u64,
    pub(crate) append: bool,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// The tree of names, and what is open in it.
pub(crate) struct World {
    /// The longest names first.
    mounts: Vec<Mount>,
    devices: Vec<u64>,
    pub(crate) who: Credentials,
    /// Absolute and normal.
    pub(crate) cwd: Vec<u8>,
    /// By number; the first three are the standard streams.
    open: Vec<Option<Descriptor>>,
}

impl World {
    pub(crate) fn new(mut mounts: Vec<Mount>, who: Credentials, cwd: &[u8]) -> Self {
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.at.len()));
        let mut known: Vec<&Arc<dyn Files>> = Vec::new();
        let devices = mounts
            .iter()
            .map(|mount| {
                let same = known.iter().position(|files| Arc::ptr_eq(files, &mount.files));
                same.unwrap_or_else(|| {
                    known.push(&mount.files);
                    known.len() - 1
                }) as u64
                    + 1
            })
            .collect();
        Self {
            devices,
            mounts,
            who,
            cwd: normalize(b"/", cwd),
            open: vec![None, None, None],
        }
    }

    /// What scripts see of file systems, for another engine.
    pub(crate) fn mounts(&self) -> Vec<Mount> {
        self.mounts.clone()
    }

    /// All file systems, each once.
    pub(crate) fn file_systems(&self) -> Vec<Arc<dyn Files>> {
        let mut all: Vec<Arc<dyn Files>> = Vec::new();
        for mount in &self.mounts {
            if !all.iter().any(|files| Arc::ptr_eq(files, &mount.files)) {
                all.push(Arc::clone(&mount.files));
            }
        }
        all
    }

    /// The absolute path of what a script names.
    pub(crate) fn absolute(&self, path: &[u8]) -> Vec<u8> {
        if path.first() == Some(&b'/') {
            return path.to_vec();
        }
        let mut whole = Vec::with_capacity(self.cwd.len() + 1 + path.len());
        whole.extend_from_slice(&self.cwd);
        if whole.last() != Some(&b'/') {
            whole.push(b'/');
        }
        whole.extend_from_slice(path);
        whole
    }

    /// Where a path begins to be resolved.
    ///
    /// A path with `..` is taken to its mount by its names alone, and then resolved there as it was given, so that a link before
    /// `..` counts as POSIX has it; only one that leaves its mount is shortened first.
    ///
    /// # Errors
    /// `NotFound` for an empty path and where nothing is mounted; `Invalid` for one with NUL.
    pub(crate) fn spot(&self, path: &[u8]) -> Result<Spot<'_>> {
        if path.is_empty() {
            return Err(ErrorKind::NotFound.into());
        }
        if path.contains(&0) {
            return Err(ErrorKind::Invalid.into());
        }
        let whole = self.absolute(path);
        let climbs = whole.windows(3).any(|three| three == b"/..");
        let (mount, rest) = if climbs {
            let short = normalize(b"/", &whole);
            let (index, rest) = self.mount(&short).ok_or(ErrorKind::NotFound)?;
            match self.mount(&whole) {
                Some((same, as_given)) if same == index => (index, as_given),
                _ => (index, rest),
            }
        } else {
            self.mount(&whole).ok_or(ErrorKind::NotFound)?
        };
        let Mount {
            files,
            root,
            capability,
            ..
        } = &self.mounts[mount];
        Ok(Spot {
            files,
            root: *root,
            path: if rest.is_empty() { b"/".to_vec() } else { rest },
            device: self.devices[mount],
            writable: *capability == Capability::ReadWrite,
        })
    }

    /// The mount that an absolute path is in, and the path in it.
    fn mount(&self, path: &[u8]) -> Option<(usize, Vec<u8>)> {
        self.mounts.iter().enumerate().find_map(|(index, mount)| {
            let rest = path.strip_prefix(mount.at.as_slice())?;
            (rest.is_empty() || rest[0] == b'/').then(|| (index, rest.to_vec()))
        })
    }

    /// The names of what is mounted right below a directory that no file system has; `None` if nothing is below it.
    pub(crate) fn above_mounts(&self, path: &[u8]) -> Option<Vec<Vec<u8>>> {
        let path = normalize(b"/", &self.absolute(path));
        let prefix = if path == b"/" { &[] } else { path.as_slice() };
        let mut names: Vec<Vec<u8>> = Vec::new();
        for mount in &self.mounts {
            let Some(rest) = mount
                .at
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix(b"/"))
            else {
                continue;
            };
            let name = rest.split(|byte| *byte == b'/').next().unwrap_or(rest).to_vec();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        (!names.is_empty()).then_some(names)
    }

    /// Gives an open file the lowest free number.
    ///
    /// # Errors
    /// `TooManyOpen`; the file is closed then.
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<i32> {
        let free = self.open.iter().skip(3).position(Option::is_none);
        let number = free.map_or(self.open.len(), |index| index + 3);
        if number >= DESCRIPTORS_MAX {
            let _ = descriptor.files.release(descriptor.handle);
            return Err(ErrorKind::TooManyOpen.into());
        }
        if number == self.open.len() {
            self.open.push(None);
        }
        self.open[number] = Some(descriptor);
        Ok(number as i32)
    }

    /// # Errors
    /// `BadHandle`.
    pub(crate) fn descriptor(&mut self, number: i32) -> Result<&mut Descriptor> {
        let index = usize::try_from(number).map_err(|_| ErrorKind::BadHandle)?;
        let slot = self.open.get_mut(index).and_then(Option::as_mut);
        Ok(slot.ok_or(ErrorKind::BadHandle)?)
    }

    /// # Errors
    /// `BadHandle`, and what the file system has to say when the file is closed.
    pub(crate) fn close(&mut self, number: i32) -> Result<()> {
        let index = usize::try_from(number).map_err(|_| ErrorKind::BadHandle)?;
        let slot = self.open.get_mut(index).and_then(Option::take);
        let descriptor = slot.ok_or(ErrorKind::BadHandle)?;
        descriptor.files.release(descriptor.handle)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for descriptor in self.open.iter_mut().filter_map(Option::take) {
            let _ = descriptor.files.release(descriptor.handle);
        }
    }
}

/// The attributes of a directory that only exists because something is mounted below it.
pub(crate) fn no_file_system() -> Attr {
    Attr {
        ino: Ino(1),
        kind: FileKind::Directory,
        mode: 0o555,
        uid: 0,
        gid: 0,
        nlink: 2,
        size: 0,
        blocks: 0,
        rdev: 0,
        xattrs: 0,
        atime: Timestamp(0),
        mtime: Timestamp(0),
        ctime: Timestamp(0),
        btime: Timestamp(0),
        version: Default::default(),
    }
}

/// An absolute path without `.`, `..` and doubled slashes, from one that may begin at `base`.
pub(crate) fn normalize(base: &[u8], path: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    let base: &[u8] = if path.first() == Some(&b'/') { b"" } else { base };
    for name in base
        .split(|byte| *byte == b'/')
        .chain(path.split(|byte| *byte == b'/'))
    {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let mut whole = Vec::with_capacity(base.len() + path.len() + 1);
    for name in names {
        whole.push(b'/');
        whole.extend_from_slice(name);
    }
    if whole.is_empty() {
        whole.push(b'/');
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_normal() {
        for (base, path, normal) in [
            ("/", "", "/"),
            ("/a/b", "../c//./d/", "/a/c/d"),
            ("/a", "/x/../../y", "/y"),
        ] {
            assert_eq!(normalize(base.as_bytes(), path.as_bytes()), normal.as_bytes());
        }
    }
}
