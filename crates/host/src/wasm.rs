//! The bytes of a program, and which file they are in.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use crate::RunError;

/// Bytes that are read when they are first needed: a program whose compiled form is known by its file never needs them.
pub(crate) struct Wasm {
    bytes: OnceLock<Vec<u8>>,
    file: Option<Source>,
}

struct Source {
    path: PathBuf,
    file: Mutex<File>,
    identity: Option<Identity>,
}

/// What tells a file and its content from every other: as long as this is the same, so is the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    bytes: Vec<u8>,
    changed: SystemTime,
}

/// A file that changed later than this may change again without another time to show for it.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

impl Wasm {
    /// Bytes in memory.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes: OnceLock::from(bytes),
            file: None,
        }
    }

    /// The bytes of a file. What is no regular file, and so cannot be read twice, is read now.
    pub(crate) fn from_file(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            return Ok(Self::new(bytes));
        }
        Ok(Self {
            bytes: OnceLock::new(),
            file: Some(Source {
                path: path.to_owned(),
                file: Mutex::new(file),
                identity: Identity::of(&metadata),
            }),
        })
    }

    /// The first `len` of them, or as many as there are.
    pub(crate) fn start(&self, len: usize) -> io::Result<Vec<u8>> {
        match (self.bytes.get(), &self.file) {
            (Some(bytes), _) => Ok(bytes[..len.min(bytes.len())].to_vec()),
            (None, Some(source)) => source.read(len as u64),
            (None, None) => Ok(Vec::new()),
        }
    }

    /// All of them.
    pub(crate) fn bytes(&self) -> Result<&[u8], RunError> {
        if let (None, Some(source)) = (self.bytes.get(), &self.file) {
            let bytes = source.read(u64::MAX).map_err(|error| RunError::Read {
                path: source.path.clone(),
                source: error,
            })?;
            self.bytes.get_or_init(|| bytes);
        }
        Ok(self.bytes.get().map_or(&[], Vec::as_slice))
    }

    /// What tells the file they are in, if that can be relied on.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.file.as_ref()?.identity.as_ref()
    }

    /// The same, if what was read is sure to be the content that goes with it.
    pub(crate) fn identity_of_what_was_read(&self) -> Option<&Identity> {
        let source = self.file.as_ref()?;
        let file = source.file.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Identity::of(&file.metadata().ok()?);
        let identity = source.identity.as_ref();
        identity.filter(|identity| now.as_ref() == Some(identity) && identity.is_settled(SystemTime::now()))
    }
}

impl Source {
    fn read(&self, len: u64) -> io::Result<Vec<u8>> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rewind()?;
        let mut bytes = Vec::new();
        if len == u64::MAX {
            file.read_to_end(&mut bytes)?;
        } else {
            (&mut *file).take(len).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }
}

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let numbers = [
            metadata.dev().cast_signed(),
            metadata.ino().cast_signed(),
            metadata.size().cast_signed(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        let seconds = metadata.ctime().max(metadata.mtime());
        let since = Duration::from_secs(u64::try_from(seconds).ok()?);
        Some(Self {
            bytes: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
            changed: SystemTime::UNIX_EPOCH.checked_add(since)?,
        })
    }

    /// Other systems do not tell when a file was changed.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// It as bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a change at this moment, or later, would give the file another identity.
    fn is_settled(&self, now: SystemTime) -> bool {
        now.duration_since(self.changed)
            .is_ok_and(|age| age > SETTLED_AFTER)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_when_it_is_needed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.wasm");
        std::fs::write(&path, b"0123456789").unwrap();
        let wasm = Wasm::from_file(&path).unwrap();
        assert_eq!(wasm.start(8).unwrap(), b"01234567");
        assert_eq!(wasm.bytes().unwrap(), b"0123456789");
        assert_eq!(wasm.start(99).unwrap(), b"0123456789");
        assert_eq!(Wasm::new(vec![1, 2]).start(8).unwrap(), [1, 2]);
        assert!(Wasm::from_file(dir.path()).is_err());
    }

    #[test]
    fn an_identity_is_of_one_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.wasm");
        std::fs::write(&path, b"one").unwrap();
        let first = Wasm::from_file(&path).unwrap();
        let same = Wasm::from_file(&path).unwrap();
        assert_eq!(first.identity(), same.identity());
        // It has just been written: nobody can say that it will not be again at the same moment.
        assert!(first.identity_of_what_was_read().is_none());
        let identity = first.identity().unwrap();
        assert!(identity.is_settled(SystemTime::now() + 2 * SETTLED_AFTER));
        std::fs::write(&path, b"other").unwrap();
        assert_ne!(Wasm::from_file(&path).unwrap().identity(), Some(identity));
    }
}
