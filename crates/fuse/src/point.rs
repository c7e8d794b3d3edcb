//! Mount points: what is at a directory, and taking it away.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::mount::UnmountFlags;
use tarbox_store::{Error, ErrorKind, Result};

use crate::serving::Witness;

/// What the kernel says of one mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// The directory.
    pub dir: PathBuf,
    /// Major and minor number of its device, one of each mount.
    pub device: String,
    /// The kind of file system: `fuse`, `ext4`.
    pub kind: String,
    /// What is mounted, as whoever mounted it calls it.
    pub source: String,
}

/// The directory without symbolic links on the way, also where the process behind a mount on it is gone.
///
/// # Errors
/// `NotFound` if it is not there, `NotDirectory` if it is none.
pub fn locate(dir: &Path) -> Result<PathBuf> {
    let failed = |e: std::io::Error| host_error(dir, &e);
    match dir.metadata() {
        Ok(metadata) if metadata.is_dir() => dir.canonicalize().map_err(failed),
        Ok(_) => Err(Error::new(ErrorKind::NotDirectory).about(bytes(dir))),
        Err(e) if Errno::from_io_error(&e) == Some(Errno::NOTCONN) => {
            // Only what holds the dead mount can be asked.
            let absolute = std::path::absolute(dir).map_err(failed)?;
            match (absolute.parent(), absolute.file_name()) {
                (Some(parent), Some(name)) => Ok(parent.canonicalize().map_err(failed)?.join(name)),
                _ => Ok(absolute),
            }
        }
        Err(e) => Err(failed(e)),
    }
}

/// What is mounted on the directory, the topmost if several are.
///
/// # Errors
/// `Io` if the kernel does not say.
pub fn mounted(dir: &Path) -> Result<Option<Mounted>> {
    let table = std::fs::read("/proc/self/mountinfo").map_err(|e| host_error(Path::new("/proc"), &e))?;
    let lines = table.split(|b| *b == b'\n');
    Ok(lines.filter_map(parse).rfind(|mount| mount.dir == dir))
}

/// Makes sure that something can be mounted here, and answers the directory as [`locate`] does.
///
/// # Errors
/// `NotFound`, `NotDirectory`, `NotEmpty`; `Busy` if something is mounted already.
pub fn require_free(dir: &Path) -> Result<PathBuf> {
    let place = locate(dir)?;
    if let Some(mount) = mounted(&place)? {
        let why = match is_alive(&place) {
            true => format!("{} is mounted here already", mount.source),
            false => "the process of the mount here is gone; 'tarbox umount' removes the mount".to_owned(),
        };
        return Err(Error::new(ErrorKind::Busy).about(bytes(dir)).because(why));
    }
    match place.read_dir().map_err(|e| host_error(dir, &e))?.next() {
        None => Ok(place),
        Some(_) => Err(Error::new(ErrorKind::NotEmpty)
            .about(bytes(dir))
            .because("mounting would hide what is in it; use an empty directory")),
    }
}

/// Takes a FUSE mount away, whether its process lives or not. Of a process of ours, returns when everything that was
/// written is on the device.
///
/// # Errors
/// `Invalid` if nothing, or something else, is mounted; `Busy` while a program uses it; `NotPermitted` if somebody else
/// mounted it; `NoSpace` or `Io` if it is gone and something could not be stored.
pub fn unmount(dir: &Path) -> Result<()> {
    let place = locate(dir)?;
    let about = |kind, why: String| Error::new(kind).about(bytes(dir)).because(why);
    let mount = match mounted(&place)? {
        Some(mount) if mount.kind.starts_with("fuse") => mount,
        Some(mount) => {
            let why = format!("{} of the type {} is mounted here", mount.source, mount.kind);
            return Err(about(ErrorKind::Invalid, why));
        }
        None => return Err(about(ErrorKind::Invalid, "nothing is mounted here".to_owned())),
    };
    // Nothing can be lost behind a process that is gone, so nobody who still holds it is waited for.
    let (how, witness) = match is_alive(&place) {
        true => (Detach::WhenFree, Witness::of(&place)),
        false => (Detach::AtOnce, None),
    };
    detach(&mount.dir, how).map_err(|e| match e {
        Errno::BUSY => about(
            ErrorKind::Busy,
            "a program has a file in it open, or is running in it".to_owned(),
        ),
        Errno::PERM => about(
            ErrorKind::NotPermitted,
            "it was mounted by another user".to_owned(),
        ),
        e => host_error(dir, &e.into()),
    })?;
    witness
        .map_or(Ok(()), Witness::wait)
        .map_err(|e| e.about(bytes(dir)))
}

/// When a mount is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detach {
    /// If nobody uses it.
    WhenFree,
    /// Now, and in full when the last one who uses it is done.
    AtOnce,
}

/// Unmounts by the system call, or through `fusermount3` where only root may do that.
pub(crate) fn detach(dir: &Path, how: Detach) -> Result<(), Errno> {
    let (flags, option) = match how {
        Detach::WhenFree => (UnmountFlags::empty(), "-u"),
        Detach::AtOnce => (UnmountFlags::DETACH, "-uz"),
    };
    match rustix::mount::unmount(dir, flags | UnmountFlags::NOFOLLOW) {
        Err(Errno::PERM) => {}
        result => return result,
    }
    let helper = Command::new(HELPER)
        .args([option, "--"])
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    match helper {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("busy") => Err(Errno::BUSY),
        _ => Err(Errno::PERM),
    }
}

/// The program that mounts for users who are not root.
pub(crate) const HELPER: &str = "fusermount3";

/// Whether the process behind a mount still answers.
fn is_alive(place: &Path) -> bool {
    !matches!(place.metadata(), Err(e) if Errno::from_io_error(&e) == Some(Errno::NOTCONN))
}

/// One line of mountinfo: id, parent, device, root, directory, options, optional fields, `-`, kind, source, …
fn parse(line: &[u8]) -> Option<Mounted> {
    let text = |field: &[u8]| String::from_utf8_lossy(&unescape(field)).into_owned();
    let mut fields = line.split(|b| *b == b' ');
    let device = text(fields.nth(2)?);
    let dir = PathBuf::from(OsString::from_vec(unescape(fields.nth(1)?)));
    let mut rest = fields.skip_while(|field| *field != b"-").skip(1);
    Some(Mounted {
        dir,
        device,
        kind: text(rest.next()?),
        source: text(rest.next()?),
    })
}

/// Undoes `\040` and its relatives.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail
            .get(..3)
            .filter(|digits| first == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        match code {
            Some(digits) => {
                plain.push(
                    digits
                        .iter()
                        .fold(0_u8, |n, d| n.wrapping_mul(8).wrapping_add(d - b'0')),
                );
                rest = &tail[3..];
            }
            None => {
                plain.push(first);
                rest = tail;
            }
        }
    }
    plain
}

pub(crate) fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// What the host says, by the name that POSIX has for it.
pub(crate) fn host_error(path: &Path, error: &std::io::Error) -> Error {
    use std::io::ErrorKind as Host;
    let kind = match error.kind() {
        Host::NotFound => ErrorKind::NotFound,
        Host::PermissionDenied => ErrorKind::Access,
        Host::NotADirectory => ErrorKind::NotDirectory,
        _ => {
            return Error::new(ErrorKind::Io)
                .about(bytes(path))
                .because(error.to_string());
        }
    };
    Error::new(kind).about(bytes(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_table_is_taken_apart() {
        let line =
            br"60 25 0:52 / /mnt/two\040words rw,nosuid shared:3 master:1 - fuse tarbox:a\134b rw,user_id=0";
        let mount = parse(line).unwrap();
        assert_eq!(mount.dir, Path::new("/mnt/two words"));
        assert_eq!(
            (mount.device.as_str(), mount.kind.as_str(), mount.source.as_str()),
            ("0:52", "fuse", r"tarbox:a\b")
        );
        assert_eq!(parse(b""), None);
        assert_eq!(unescape(br"a\04"), br"a\04");
    }

    #[test]
    fn only_empty_directories_are_free() {
        let dir = tempfile::tempdir().unwrap();
        let kind = |path: &Path| require_free(path).unwrap_err().kind();
        assert_eq!(
            require_free(dir.path()).unwrap(),
            dir.path().canonicalize().unwrap()
        );
        assert_eq!(kind(&dir.path().join("none")), ErrorKind::NotFound);
        std::fs::write(dir.path().join("file"), "x").unwrap();
        assert_eq!(kind(dir.path()), ErrorKind::NotEmpty);
        assert_eq!(kind(&dir.path().join("file")), ErrorKind::NotDirectory);
        assert_eq!(unmount(dir.path()).unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(
            unmount(Path::new("/proc")).unwrap_err().kind(),
            ErrorKind::Invalid
        );
        assert_eq!(kind(Path::new("/proc")), ErrorKind::Busy);
    }
}
