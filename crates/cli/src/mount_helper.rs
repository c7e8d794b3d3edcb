//! Called by `mount(8)` and `umount(8)`, under the names by which they look for helpers: `mount.fuse.tarbox` and
//! `umount.fuse.tarbox`, links to this program. So `mount -t fuse.tarbox`, `/etc/fstab` and systemd work, and `umount`
//! returns when everything written is on the device.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::exit::Exit;
use crate::print::escape;

const MOUNT: &str = "mount.fuse.tarbox";
const UMOUNT: &str = "umount.fuse.tarbox";
/// What `mount(8)` knows as a wrong call, and as a mount that could not be made.
const WRONG_CALL: Exit = Exit(1);
const NOT_MOUNTED: Exit = Exit(32);

/// What holds anyway, and what is meant for others.
const WITHOUT_EFFECT: &[&str] = &[
    "_netdev",
    "async",
    "auto",
    "default_permissions",
    "defaults",
    "exec",
    "group",
    "noauto",
    "nodev",
    "nofail",
    "nosuid",
    "nouser",
    "owner",
    "relatime",
    "rw",
    "user",
    "users",
];

/// How this program was called.
pub(crate) enum Called {
    /// As `tarbox`, with these arguments.
    Plainly(Vec<OsString>),
    /// As a helper, and it ended so.
    ByMount(Exit),
}

/// What a helper is asked to do, as arguments of `tarbox`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    arguments: Vec<OsString>,
    /// Only look whether it could be done.
    fake: bool,
    /// What was mounted where, for `umount(8)` to find.
    mounted: Option<(OsString, OsString)>,
}

/// Does what a helper is to do, if it is called as one.
pub(crate) fn translate(arguments: Vec<OsString>) -> Called {
    let name = arguments.first().and_then(|first| Path::new(first).file_name());
    let asked = match name.and_then(OsStr::to_str) {
        Some(MOUNT) => mount(&arguments[1..]),
        Some(UMOUNT) => umount(&arguments[1..]),
        _ => return Called::Plainly(arguments),
    };
    Called::ByMount(match asked {
        Ok(asked) if asked.fake => Exit::DONE,
        Ok(asked) => {
            let exit = call(&asked.arguments);
            if let (Exit::DONE, Some((source, dir))) = (exit, &asked.mounted) {
                register(source, dir);
            }
            exit
        }
        Err(why) => {
            eprintln!("tarbox: {why}");
            WRONG_CALL
        }
    })
}

fn call(arguments: &[OsString]) -> Exit {
    let status = std::env::current_exe().and_then(|program| Command::new(program).args(arguments).status());
    match status {
        Ok(status) if status.success() => Exit::DONE,
        // It has said why.
        Ok(_) => NOT_MOUNTED,
        Err(e) => {
            eprintln!("tarbox: {e}");
            NOT_MOUNTED
        }
    }
}

/// Tells `umount(8)` which helper to call. By itself it knows no more than that it is a FUSE file system.
fn register(source: &OsStr, dir: &OsStr) {
    let register = Command::new("mount")
        .args([
            "--internal-only",
            "--fake",
            "--no-canonicalize",
            "--types",
            "fuse.tarbox",
        ])
        .args(["--options", "uhelper=fuse.tarbox", "--"])
        .args([source, dir])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // Without it `umount(8)` does not wait for the device, as with any other FUSE file system.
    drop(register);
}

/// `SOURCE DIR [-sfnvrw] [-N NAMESPACE] [-t TYPE] [-o OPTIONS]`
fn mount(arguments: &[OsString]) -> Result<Asked, String> {
    let mut asked = Asked::default();
    let (mut places, mut options) = (Vec::new(), Vec::new());
    let (mut sloppy, mut unlisted) = (false, false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_bytes() {
            b"-o" => options.extend(rest.next().into_iter().flat_map(|list| split(list))),
            b"-t" | b"-N" => drop(rest.next()),
            b"-r" => options.push("ro".into()),
            [b'-', flags @ ..] if !flags.is_empty() => {
                sloppy |= flags.contains(&b's');
                unlisted |= flags.contains(&b'n');
                asked.fake |= flags.contains(&b'f');
                if let Some(flag) = flags.iter().find(|flag| !b"sfnvw".contains(flag)) {
                    return Err(format!("-{}: unknown option", escape(&[*flag])));
                }
            }
            _ => places.push(argument),
        }
    }
    let [source, dir] = places[..] else {
        return Err(format!("{MOUNT} needs a source and a directory"));
    };
    asked.arguments.push("mount".into());
    let (database, tenant) = database_and_tenant(source);
    for (option, value) in [("--db", database), ("--tenant", tenant)] {
        asked.arguments.extend(value.map(|value| joined(option, &value)));
    }
    asked.arguments.push(joined("--source", source));
    for option in options {
        match argument(&option) {
            Some(argument) => asked.arguments.extend(argument),
            None if sloppy => {}
            None => {
                let option = escape(option.as_bytes()).into_owned();
                return Err(format!(
                    "{option}: unknown option; known are ro, allow_other, noexec, layer=NAME, db=URL and tenant=NAME"
                ));
            }
        }
    }
    asked.arguments.extend(["--".into(), dir.clone()]);
    asked.mounted = (!unlisted).then(|| (source.clone(), dir.clone()));
    Ok(asked)
}

/// `DIR [-nlfvr] [-N NAMESPACE] [-t TYPE]`
fn umount(arguments: &[OsString]) -> Result<Asked, String> {
    let mut places = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_bytes() {
            b"-t" | b"-N" => drop(rest.next()),
            // A mount whose process is gone is taken away in any case, and nothing written is given up.
            [b'-', _, ..] => {}
            _ => places.push(argument),
        }
    }
    let [dir] = places[..] else {
        return Err(format!("{UMOUNT} needs one directory"));
    };
    Ok(Asked {
        arguments: vec!["umount".into(), "--".into(), dir.clone()],
        ..Asked::default()
    })
}

/// `DB#TENANT`, `DB` or `tarbox:TENANT`.
fn database_and_tenant(source: &OsStr) -> (Option<OsString>, Option<OsString>) {
    let own = |bytes: &[u8]| (!bytes.is_empty()).then(|| OsString::from_vec(bytes.to_vec()));
    let source = source.as_bytes();
    if let Some(tenant) = source.strip_prefix(b"tarbox:") {
        return (None, own(tenant));
    }
    match source.iter().rposition(|b| *b == b'#') {
        Some(hash) => (own(&source[..hash]), own(&source[hash + 1..])),
        None => (own(source), None),
    }
}

/// The options of a list.
fn split(list: &OsStr) -> Vec<OsString> {
    let options = list.as_bytes().split(|b| *b == b',');
    let options = options.filter(|option| !option.is_empty());
    options
        .map(|option| OsString::from_vec(option.to_vec()))
        .collect()
}

/// What an option is for `tarbox mount`: an argument, or nothing. `None` if it is not known.
fn argument(option: &OsStr) -> Option<Option<OsString>> {
    let plain = option.to_str().unwrap_or_default();
    let value = |name: &str| {
        option
            .as_bytes()
            .strip_prefix(name.as_bytes())
            .map(OsStr::from_bytes)
    };
    for name in ["db", "tenant", "layer"] {
        if let Some(value) = value(&format!("{name}=")) {
            return Some(Some(joined(&format!("--{name}"), value)));
        }
    }
    match plain {
        "ro" => Some(Some("--read-only".into())),
        "allow_other" => Some(Some("--allow-other".into())),
        "noexec" => Some(Some("--noexec".into())),
        _ if WITHOUT_EFFECT.contains(&plain) => Some(None),
        // For systemd, `mount(8)` and people.
        _ if ["x-", "X-", "comment="]
            .iter()
            .any(|start| plain.starts_with(start)) =>
        {
            Some(None)
        }
        _ => None,
    }
}

fn joined(option: &str, value: &OsStr) -> OsString {
    let mut argument = OsString::from(option);
    argument.push("=");
    argument.push(value);
    argument
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(helper: fn(&[OsString]) -> Result<Asked, String>, line: &str) -> Result<String, String> {
        let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
        let words = helper(&arguments)?.arguments;
        Ok(words.join(OsStr::new(" ")).into_string().unwrap())
    }

    #[test]
    fn a_line_of_fstab_is_a_command() {
        let told = asked(
            mount,
            "/srv/a.db#me /mnt -o rw,allow_other,noexec,x-systemd.automount",
        );
        let expected =
            "mount --db=/srv/a.db --tenant=me --source=/srv/a.db#me --allow-other --noexec -- /mnt";
        assert_eq!(told.unwrap(), expected);
        let told = asked(
            mount,
            "tarbox:me /mnt -n -t fuse.tarbox -o db=/srv/a.db,ro,layer=base",
        );
        let expected = "mount --tenant=me --source=tarbox:me --db=/srv/a.db --read-only --layer=base -- /mnt";
        assert_eq!(told.unwrap(), expected);
        let told = asked(mount, "/srv/a.db /mnt -r").unwrap();
        assert_eq!(
            told,
            "mount --db=/srv/a.db --source=/srv/a.db --read-only -- /mnt"
        );
        assert_eq!(asked(umount, "/mnt -l -N 3").unwrap(), "umount -- /mnt");
    }

    #[test]
    fn what_is_not_known_is_refused_unless_that_may_be() {
        assert!(asked(mount, "a /mnt -o remount").unwrap_err().contains("remount"));
        assert!(asked(mount, "a /mnt -s -o nonsense").is_ok());
        assert!(asked(mount, "a /mnt -x").unwrap_err().contains("-x"));
        assert!(asked(mount, "a").is_err());
        assert!(asked(umount, "a b").is_err());
        assert!(mount(&["-f".into(), "a".into(), "b".into()]).unwrap().fake);
    }
}
