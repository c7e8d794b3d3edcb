//! WASI and other hosts: the standard library has no stable positional calls there, so seek and transfer
//! under a lock.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct HostFile {
    file: File,
    /// Held from a seek to the end of its transfer: the position belongs to the descriptor.
    position: Mutex<()>,
}

impl HostFile {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            position: Mutex::new(()),
        }
    }

    pub(super) fn get(&self) -> &File {
        &self.file
    }

    /// Reads until `buf` is full or the file ends.
    pub(super) fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let _position = self.seek(offset)?;
        let mut filled = 0;
        while filled < buf.len() {
            match (&self.file).read(&mut buf[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    pub(super) fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()> {
        let _position = self.seek(offset)?;
        (&self.file).write_all(data)
    }

    fn seek(&self, offset: u64) -> io::Result<MutexGuard<'_, ()>> {
        // The guarded position is set anew each time, so a poisoned lock hides nothing.
        let guard = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        (&self.file).seek(SeekFrom::Start(offset))?;
        Ok(guard)
    }
}

/// Makes the entries of a directory durable, as far as the host lets a directory be synced at all: WASI hosts
/// and others without such a call answer with one of the errors below, and then the host's own file system
/// decides.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    let result = File::open(path).and_then(|directory| directory.sync_all());
    match result {
        Err(error) if is_refusal(&error) => Ok(()),
        result => result,
    }
}

fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, IsADirectory, PermissionDenied, Unsupported};
    /// `EBADF` and `ENOTCAPABLE` of WASI preview 1: a directory's descriptor without the right to sync.
    const WASI_REFUSALS: [i32; 2] = [8, 76];
    matches!(
        error.kind(),
        InvalidInput | IsADirectory | PermissionDenied | Unsupported
    ) || (cfg!(target_os = "wasi")
        && error
            .raw_os_error()
            .is_some_and(|code| WASI_REFUSALS.contains(&code)))
}
