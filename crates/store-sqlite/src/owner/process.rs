//! Processes by name: `packages/device/src/node/lock/owner.ts` makes and reads the same.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::OnceLock;

use rustix::process::{Pid, test_kill_process};
use sha2::{Digest, Sha256};

/// The start of a process where the system does not tell.
const UNKNOWN: &str = "0";

/// A process. Its number alone is not enough: the next one may get it, the first one of every container has 1, and another
/// container counts anew.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Process {
    pid: i32,
    /// When it began, in ticks since the machine did.
    start: String,
    /// In which space `pid` and `start` mean something.
    space: String,
    /// This run of this kernel.
    boot: String,
    host: String,
}

/// The sign of this process, by number: the name of a file.
pub(crate) fn sign(number: u32) -> String {
    let Process {
        pid,
        start,
        space,
        boot,
        host,
    } = Process::own();
    format!("{pid}-{start}-{space}-{boot}-{host}-{number:012x}")
}

impl Process {
    fn own() -> &'static Self {
        static OWN: OnceLock<Process> = OnceLock::new();
        OWN.get_or_init(|| Self {
            pid: std::process::id().cast_signed(),
            start: state_of("self").unwrap_or_else(|| UNKNOWN.into()),
            space: [space_of("pid"), space_of("time")].join("_"),
            boot: digest(&fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default()),
            host: digest(rustix::system::uname().nodename().to_bytes()),
        })
    }

    /// The process that has chosen a name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('-').collect();
        let [pid, start, space, boot, host, _] = parts[..] else {
            return None;
        };
        Some(Self {
            pid: pid.parse().ok().filter(|pid| *pid > 0)?,
            start: start.into(),
            space: space.into(),
            boot: boot.into(),
            host: host.into(),
        })
    }

    /// Whether it may still use what it has signed. In doubt it does.
    pub(super) fn is_alive(&self, entry: &Path) -> bool {
        let own = Self::own();
        if self.boot != own.boot {
            // The machine has been started since, unless this is another one that sees the same files.
            return self.host != own.host && is_shared(entry);
        }
        if self.space != own.space {
            // Of a process elsewhere only the socket knows.
            return answers(entry);
        }
        let exists =
            Pid::from_raw(self.pid).is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH));
        if !exists {
            return false;
        }
        let state = state_of(&self.pid.to_string()).unwrap_or_else(|| UNKNOWN.into());
        if self.start == UNKNOWN || state == UNKNOWN {
            return answers(entry);
        }
        // Of a process that lives, the thread that had the database may have ended.
        state == self.start && answers(entry)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match self.space == Self::own().space {
            true => Ok(()),
            false => f.write_str(" in another container"),
        }
    }
}

/// When a process began, or that it is dead and its parent has not asked about it yet; nothing if the system does not tell.
fn state_of(pid: &str) -> Option<String> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    // The second field is a name in brackets, which may hold anything.
    let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_whitespace().collect();
    let is_dead = match *fields.first()? {
        "X" => true,
        // Other threads of it may be writing still.
        "Z" => fs::read_dir(format!("/proc/{pid}/task")).map_or(true, |tasks| tasks.count() <= 1),
        _ => false,
    };
    match is_dead {
        true => Some("dead".into()),
        false => fields.get(19).map(|start| (*start).into()),
    }
}

fn space_of(kind: &str) -> String {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap_or_default();
    let number: String = link
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    match number.is_empty() {
        true => UNKNOWN.into(),
        false => number,
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..6]
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _never_fails = write!(text, "{byte:02x}");
            text
        })
}

/// Whether somebody holds the socket that an entry is; in doubt, somebody does.
fn answers(entry: &Path) -> bool {
    match fs::symlink_metadata(entry) {
        Ok(meta) if meta.file_type().is_socket() => {}
        Ok(_) => return true,
        Err(e) => return e.kind() != std::io::ErrorKind::NotFound,
    }
    use std::io::ErrorKind::{ConnectionRefused, NotFound};
    match connect(entry) {
        Ok(_) => true,
        Err(e) => !matches!(e.kind(), ConnectionRefused | NotFound),
    }
}

/// Connects to a socket whose path may be longer than the address of one.
fn connect(entry: &Path) -> std::io::Result<UnixStream> {
    let (Some(directory), Some(name)) = (entry.parent(), entry.file_name()) else {
        return UnixStream::connect(entry);
    };
    let directory = File::open(directory)?;
    let near = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string());
    match near.exists() {
        true => UnixStream::connect(near.join(name)),
        false => UnixStream::connect(entry),
    }
}

/// Whether several machines can have the file system mounted; what FUSE does, nobody knows.
#[cfg(target_os = "linux")]
fn is_shared(entry: &Path) -> bool {
    const SHARED: [u64; 13] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x0102_1997,
        0x00c3_6400,
        0x5346_414f,
        0x6573_5546,
        0x0116_1970,
        0x7461_636f,
        0x0bd0_0bd0,
        0x786f_4256,
        0xbacb_acbc,
    ];
    rustix::fs::statfs(entry).map_or(true, |stat| SHARED.contains(&(stat.f_type as u64 & 0xffff_ffff)))
}

#[cfg(not(target_os = "linux"))]
fn is_shared(_: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_read_as_it_was_made() {
        let sign = sign(7);
        assert_eq!(Process::parse(&sign).as_ref(), Some(Process::own()));
        assert!(sign.ends_with("-000000000007"), "{sign}");
        for name in ["", "1-2", "x-1-2-3-4-5", "-1-2-3-4-5-6", "0-1-2-3-4-5"] {
            assert_eq!(Process::parse(name), None, "{name}");
        }
    }

    #[test]
    fn who_is_gone_is_dead_and_who_is_here_is_not() {
        let entry = Path::new("/proc/self/stat");
        let own = || Process::parse(&sign(0)).unwrap();
        assert!(own().is_alive(entry));
        let reused = Process {
            start: "1".into(),
            ..own()
        };
        assert!(!reused.is_alive(entry), "another process of that number");
        let gone = Process {
            pid: i32::MAX,
            ..own()
        };
        assert!(!gone.is_alive(entry));
        let before = Process {
            boot: "0".into(),
            ..own()
        };
        assert!(!before.is_alive(entry), "the machine has been started since");
        let elsewhere = Process {
            space: "1_1".into(),
            ..own()
        };
        assert!(elsewhere.is_alive(entry), "in doubt");
    }
}
