//! Attaching the FUSE device to a directory: by the system call, or through `fusermount3` where only root may do that.
//!
//! Done here rather than by `fuser`, which takes a mount away by its path when a session ends, whoever has mounted
//! something else there since.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::mount::MountFlags;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tarbox_store::{Error, ErrorKind, Result};

use crate::options::MountOptions;
use crate::point::{self, HELPER, bytes};

const DEVICE: &str = "/dev/fuse";
/// Where `fusermount3` finds the socket through which it hands over the device.
const SOCKET: &str = "_FUSE_COMMFD";

/// Mounts, and answers the device on which the kernel asks.
pub(crate) fn attach(place: &Path, options: &MountOptions) -> Result<OwnedFd> {
    if !Path::new(DEVICE).exists() {
        return Err(missing(
            "there is no /dev/fuse: load the module with 'modprobe fuse', or start the container with '--device /dev/fuse'",
        ));
    }
    match by_call(place, options) {
        Err(Errno::PERM | Errno::ACCESS) => by_helper(place, options),
        result => result.map_err(|e| point::host_error(place, &e.into())),
    }
}

fn missing(why: &str) -> Error {
    Error::new(ErrorKind::Unsupported).because(why)
}

/// The kind of file system, for `mount -t` and the table of mounts.
const KIND: &str = "fuse.tarbox";

/// The name as it can stand in a list of options for the helper.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            ',' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => text.push('_'),
            c => text.push(c),
        }
    }
    text
}

fn by_call(place: &Path, options: &MountOptions) -> Result<OwnedFd, Errno> {
    use rustix::fs::{FileType, Mode, OFlags};
    let device = rustix::fs::open(DEVICE, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    let mut data = format!(
        "fd={},rootmode={:o},user_id={},group_id={},default_permissions",
        device.as_raw_fd(),
        FileType::Directory.as_raw_mode(),
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    );
    if options.allow_other {
        data.push_str(",allow_other");
    }
    let mut flags = MountFlags::NOSUID | MountFlags::NODEV;
    flags.set(MountFlags::RDONLY, options.read_only);
    flags.set(MountFlags::NOEXEC, options.no_exec);
    let data = std::ffi::CString::new(data).map_err(|_| Errno::INVAL)?;
    rustix::mount::mount(&*options.name, place, KIND, flags, Some(&*data))?;
    Ok(device)
}

fn by_helper(place: &Path, options: &MountOptions) -> Result<OwnedFd> {
    let failed = |e: io::Error| point::host_error(place, &e);
    let (theirs, ours) = UnixStream::pair().map_err(failed)?;
    fcntl_setfd(&theirs, FdFlags::empty()).map_err(|e| failed(e.into()))?;
    let mut list = format!(
        "fsname={},subtype=tarbox,default_permissions",
        escaped(&options.name)
    );
    for (wanted, option) in [
        (options.allow_other, ",allow_other"),
        (options.read_only, ",ro"),
        (options.no_exec, ",noexec"),
    ] {
        list.push_str(if wanted { option } else { "" });
    }
    let helper = Command::new(HELPER)
        .args(["-o", &list, "--"])
        .arg(place)
        .env(SOCKET, theirs.as_raw_fd().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    drop(theirs);
    let helper = helper.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => {
            missing("there is no fusermount3, without which only root can mount: install the package fuse3")
        }
        _ => failed(e),
    })?;
    let device = receive(&ours).map_err(failed)?;
    let output = helper.wait_with_output().map_err(failed)?;
    device.ok_or_else(|| refused(place, &String::from_utf8_lossy(&output.stderr)))
}

/// The device, or nothing if the helper ended without sending it.
fn receive(socket: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(
        socket.as_fd(),
        &mut [IoSliceMut::new(&mut byte)],
        &mut ancillary,
        flags,
    )?;
    let sent = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut handles) => handles.next(),
        _ => None,
    });
    if sent.is_some() {
        // It ends when it has been heard.
        let mut rest = Vec::new();
        socket.take(1024).read_to_end(&mut rest)?;
    }
    Ok(sent)
}

fn refused(place: &Path, said: &str) -> Error {
    let why = match said.trim() {
        text if text.contains("user_allow_other") => {
            "--allow-other needs the line 'user_allow_other' in /etc/fuse.conf".to_owned()
        }
        "" => "mounting is not permitted here; a container needs CAP_SYS_ADMIN".to_owned(),
        text => text.to_owned(),
    };
    Error::new(ErrorKind::NotPermitted)
        .about(bytes(place))
        .because(why)
}

/// A second handle of the device.
pub(crate) fn duplicate(device: &OwnedFd) -> io::Result<File> {
    device.try_clone().map(File::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_option_whatever_is_in_it() {
        assert_eq!(escaped("/srv/a b.db#t"), "/srv/a b.db#t");
        assert_eq!(escaped("a,allow_other\\\n"), "a\\,allow_other\\\\_");
    }
}
