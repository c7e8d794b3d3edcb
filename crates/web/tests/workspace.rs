//! A workspace as the package drives it, on a pool that loses what was not synced.
#![cfg(not(target_family = "wasm"))]

use std::sync::Arc;

use tarbox_pool::fault::{CrashPolicy, FaultPlan};
use tarbox_pool::{FaultPool, OpenOptions, Pool, PoolExt as _, SahPool};
use tarbox_store::ErrorKind;
use tarbox_web::{OPERATIONS, Redo, Request, Workspace, client, open};

/// A pool in slots, as in a browser, on a model of a disk.
fn slots(disk: &FaultPool) -> Arc<dyn Pool> {
    let slot = |id: u32| (id, disk.open(&format!("slot-{id}"), OpenOptions::CREATE).unwrap());
    Arc::new(SahPool::open((0..12).map(slot)).unwrap())
}

fn call(w: &mut Workspace, name: &str, request: Request<'_>) -> tarbox_store::Result<Vec<u8>> {
    let number = OPERATIONS.iter().position(|(found, _)| *found == name).unwrap();
    let mut out = Vec::new();
    w.call(number as u32, &request, &mut out).map(|_| out)
}

fn write(w: &mut Workspace, path: &str, data: &[u8]) {
    call(
        w,
        "writeFile",
        Request {
            first: path,
            data,
            numbers: [420.0, 0.0, 0.0],
            ..Request::default()
        },
    )
    .unwrap();
}

fn read(w: &mut Workspace, path: &str) -> tarbox_store::Result<Vec<u8>> {
    call(
        w,
        "readFile",
        Request {
            first: path,
            numbers: [0.0, f64::INFINITY, 0.0],
            ..Request::default()
        },
    )
}

#[test]
fn what_was_synced_survives_every_crash() {
    let disk = FaultPool::new();
    let mut w = open(slots(&disk), 1, Redo::Kept).unwrap();
    call(
        &mut w,
        "mkdir",
        Request {
            first: "/d/e",
            numbers: [511.0, 1.0, 0.0],
            ..Request::default()
        },
    )
    .unwrap();
    let large = vec![7; 300_000];
    write(&mut w, "/d/e/large", &large);
    write(&mut w, "/small", b"kept");
    w.sync().unwrap();
    write(&mut w, "/small", b"perhaps");
    for seed in 0..20 {
        let after = disk.after_crash(seed, CrashPolicy::Mixed);
        let mut again = open(slots(&after), 1, Redo::Kept).unwrap();
        assert_eq!(read(&mut again, "/d/e/large").unwrap(), large);
        let small = read(&mut again, "/small").unwrap();
        assert!(small == b"kept" || small == b"perhaps");
        assert_eq!(call(&mut again, "fsck", Request::default()).unwrap(), b"[]");
    }
}

/// A request with two texts and one number.
fn pair<'a>(first: &'a str, second: &'a str, number: f64) -> Request<'a> {
    Request {
        first,
        second,
        numbers: [number, 0.0, 0.0],
        ..Request::default()
    }
}

/// Which version a file is at, from its attributes as the package takes them.
fn version(w: &mut Workspace, path: &str) -> String {
    let stat = call(w, "stat", pair(path, "", 0.0)).unwrap();
    let number = |at: usize| f64::from_le_bytes(stat[at * 8..at * 8 + 8].try_into().unwrap());
    format!("{}-{}", number(0), number(17))
}

#[test]
fn a_stale_version_is_refused_and_changes_nothing() {
    let mut w = open(slots(&FaultPool::new()), 1, Redo::Kept).unwrap();
    write(&mut w, "/a", b"one");
    let first = version(&mut w, "/a");
    let put = |w: &mut Workspace, version: &str, data| {
        let request = Request {
            data,
            ..pair("/a", version, 420.0)
        };
        call(w, "writeFile", request).map(drop)
    };
    put(&mut w, &first, b"two").unwrap();
    let refused = put(&mut w, &first, b"three").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Stale);
    assert!(refused.to_string().contains("read it again"), "{refused}");
    let opened = call(&mut w, "open", pair("/a", &first, 2.0 + 8.0)).unwrap_err();
    assert_eq!(opened.kind(), ErrorKind::Stale);
    assert_eq!(read(&mut w, "/a").unwrap(), b"two");
    let second = version(&mut w, "/a");
    call(&mut w, "remove", pair("/a", "", 0.0)).unwrap();
    assert_eq!(
        put(&mut w, &second, b"four").unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn a_name_that_is_taken_is_replaced_only_where_that_is_meant() {
    let mut w = open(slots(&FaultPool::new()), 1, Redo::Kept).unwrap();
    write(&mut w, "/a", b"a");
    write(&mut w, "/b", b"b");
    let refused = call(&mut w, "rename", pair("/a", "/b", 1.0)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Exists);
    assert_eq!(read(&mut w, "/b").unwrap(), b"b");
    call(&mut w, "rename", pair("/a", "/c", 1.0)).unwrap();
    call(&mut w, "rename", pair("/c", "/b", 0.0)).unwrap();
    assert_eq!(read(&mut w, "/b").unwrap(), b"a");
}

#[test]
fn changes_tell_whose_they_are_and_of_layers_where_asked() {
    let mut w = open(slots(&FaultPool::new()), 1, Redo::Kept).unwrap();
    w.act_as(client("browser:one", &[]));
    write(&mut w, "/a", b"a");
    w.act_as(client("browser:two", &[]));
    call(&mut w, "checkpoint", pair("base", "", 0.0)).unwrap();
    call(&mut w, "tag", pair("good", "base", 0.0)).unwrap();
    call(&mut w, "remove", pair("/a", "", 0.0)).unwrap();
    call(&mut w, "switch", pair("base", "", 0.0)).unwrap();
    w.sync().unwrap();
    let told = |w: &mut Workspace, numbers| {
        let request = Request {
            first: "/a",
            numbers,
            ..Request::default()
        };
        let text = call(w, "changes", request).unwrap();
        let events: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
        let word = |event: &serde_json::Value, key: &str| event[key].as_str().unwrap_or("-").to_owned();
        let line = |event| {
            ["kind", "path", "name", "client"]
                .map(|key| word(event, key))
                .join(" ")
        };
        events.iter().map(line).collect::<Vec<_>>()
    };
    let paths = [
        "create /a - one",
        "modify /a - one",
        "delete /a - two",
        "rescan /a - two",
    ];
    assert_eq!(told(&mut w, [0.0; 3]), paths);
    let all = told(&mut w, [0.0, 1.0, 0.0]);
    let layers = ["checkpoint - base two", "tag - good two", "switch - base two"];
    assert_eq!(all[..2], paths[..2]);
    assert_eq!([&all[2], &all[3], &all[6]], layers);
    assert_eq!(all[4..6], paths[2..]);
}

#[test]
fn hostile_requests_are_refused() {
    let mut w = open(slots(&FaultPool::new()), 1, Redo::Kept).unwrap();
    for (number, (name, _)) in OPERATIONS.iter().enumerate() {
        for numbers in [[-1.0; 3], [f64::NAN; 3], [f64::INFINITY; 3], [1e300; 3], [0.5; 3]] {
            for first in ["", "\0", "relative", "/../..", "{", "/missing"] {
                let request = Request {
                    first,
                    numbers,
                    ..Request::default()
                };
                // Whatever it says, it says it: nothing panics, and the workspace goes on.
                let _ = w.call(number as u32, &request, &mut Vec::new());
            }
        }
        assert_eq!(call(&mut w, "fsck", Request::default()).unwrap(), b"[]", "{name}");
    }
    let unknown = w.call(10_000, &Request::default(), &mut Vec::new()).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unsupported);
}

/// A header block of a tar archive.
fn header(name: &str, kind: u8, link: &str, size: usize) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000640");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[136..147].copy_from_slice(b"00000000007");
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

fn unpack(
    w: &mut Workspace,
    number: f64,
    at: usize,
    data: &[u8],
    is_last: bool,
) -> tarbox_store::Result<String> {
    let request = Request {
        data,
        numbers: [number, at as f64, f64::from(u8::from(is_last))],
        ..Request::default()
    };
    call(w, "unpack", request).map(|json| String::from_utf8(json).unwrap())
}

fn open_archive(w: &mut Workspace, path: &str) -> f64 {
    let number = OPERATIONS
        .iter()
        .position(|(name, _)| *name == "openArchive")
        .unwrap();
    let request = Request {
        first: path,
        ..Request::default()
    };
    w.call(number as u32, &request, &mut Vec::new()).unwrap()
}

#[test]
fn an_archive_is_unpacked_piece_by_piece() {
    let disk = FaultPool::new();
    let mut w = open(slots(&disk), 1, Redo::Kept).unwrap();
    let mut archive = header("f", b'0', "", 1000);
    archive.extend([b'x'; 1000]);
    archive.resize(1536, 0);
    archive.extend(header("f", b'1', "f", 0));
    archive.extend(header("p", b'6', "", 0));
    archive.extend(header("q", b'1', "p", 0));
    archive.extend(header("../up", b'0', "", 0));
    archive.resize(archive.len() + 1024, 0);
    let number = open_archive(&mut w, "/t");
    let first = unpack(&mut w, number, 0, &archive[..700], false).unwrap();
    assert!(
        first.contains("\"files\":0") && first.contains("\"path\":\"/t/f\",\"partial\":188"),
        "{first}"
    );
    // The same piece again does nothing again, and one that leaves something out is refused.
    unpack(&mut w, number, 0, &archive[..700], false).unwrap();
    assert_eq!(
        unpack(&mut w, number, 800, &archive[800..], true)
            .unwrap_err()
            .kind(),
        ErrorKind::BadHandle
    );
    let last = unpack(&mut w, number, 700, &archive[700..], true).unwrap();
    assert!(
        last.contains("\"files\":2,\"directories\":0,\"links\":1,\"bytes\":1000"),
        "{last}"
    );
    assert!(
        last.contains("\"code\":\"EPERM\",\"path\":\"/t/../up\""),
        "{last}"
    );
    assert_eq!(read(&mut w, "/t/f").unwrap(), [b'x'; 1000]);
    let close = |w: &mut Workspace, number: f64| {
        let request = Request {
            numbers: [number, 0.0, 0.0],
            ..Request::default()
        };
        call(w, "closeArchive", request)
    };
    close(&mut w, number).unwrap();
    assert_eq!(close(&mut w, number).unwrap_err().kind(), ErrorKind::BadHandle);
    // One that is left in the middle leaves what was there before.
    let number = open_archive(&mut w, "/t");
    unpack(&mut w, number, 0, &archive[..700], false).unwrap();
    close(&mut w, number).unwrap();
    assert_eq!(read(&mut w, "/t/f").unwrap(), [b'x'; 1000]);
    assert_eq!(call(&mut w, "fsck", Request::default()).unwrap(), b"[]");
}

#[test]
fn headers_of_an_archive_and_what_follows_them() {
    let disk = FaultPool::new();
    let mut w = open(slots(&disk), 1, Redo::Kept).unwrap();
    write(&mut w, "/f", b"content");
    let headers = |w: &mut Workspace, path: &str, name: &str, data: &[u8]| {
        let request = Request {
            first: path,
            second: name,
            data,
            ..Request::default()
        };
        call(w, "tarHeaders", request).unwrap()
    };
    let out = headers(&mut w, "/f", "d/f", b"");
    assert_eq!(out[..24], [1.0, 0.0, 7.0f64].map(f64::to_le_bytes).concat());
    let block = &out[out.len() - 512..];
    assert_eq!((&block[..3], block[156]), (&b"d/f"[..], b'0'));
    let out = headers(&mut w, "/f", "g", b"d/f");
    assert_eq!(out[..8], 0f64.to_le_bytes());
    assert_eq!((out[8 + 156], &out[8 + 157..8 + 160]), (b'1', &b"d/f"[..]));
}

/// Bytes that nothing makes smaller.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Calls one operation and makes it durable; where that fails, begins anew from the device, as the package does.
fn durably(
    disk: &FaultPool,
    mut w: Workspace,
    act: impl FnOnce(&mut Workspace) -> tarbox_store::Result<()>,
) -> (Workspace, bool) {
    if act(&mut w).and_then(|()| w.sync()).is_ok() {
        return (w, true);
    }
    let crashed = disk.after_crash(0, CrashPolicy::KeepUnsynced);
    (open(slots(&crashed), 1, Redo::Kept).unwrap(), false)
}

/// A file that is read in parts.
fn read_all(w: &mut Workspace, path: &str) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let numbers = [all.len() as f64, f64::INFINITY, 0.0];
        let part = call(
            w,
            "readFile",
            Request {
                first: path,
                numbers,
                ..Request::default()
            },
        )
        .unwrap();
        if part.is_empty() {
            return all;
        }
        all.extend(part);
    }
}

/// Replaces a file piece by piece.
fn replace_slowly(w: &mut Workspace, path: &str, data: &[u8]) -> tarbox_store::Result<()> {
    let mut number = Vec::new();
    let found = |name: &str| OPERATIONS.iter().position(|(other, _)| *other == name).unwrap() as u32;
    let handle = w.call(found("stage"), &pair(path, "", 0.0), &mut number)?;
    for (at, piece) in data.chunks(1 << 20).enumerate() {
        let numbers = [handle, (at << 20) as f64, 0.0];
        call(
            w,
            "write",
            Request {
                data: piece,
                numbers,
                ..Request::default()
            },
        )?;
        w.sync()?;
    }
    call(
        w,
        "replace",
        Request {
            first: path,
            numbers: [handle, 420.0, 0.0],
            ..Request::default()
        },
    )?;
    call(
        w,
        "close",
        Request {
            numbers: [handle, 0.0, 0.0],
            ..Request::default()
        },
    )
    .map(drop)
}

#[test]
fn a_file_is_replaced_as_a_whole_or_not_at_all() {
    let (old, new, small) = (noise(1, 3 << 20), noise(2, 36 << 20), noise(3, 100));
    type Act = fn(&mut Workspace, &[u8]) -> tarbox_store::Result<()>;
    let ways: [(&str, Act); 3] = [
        ("at once", |w, data| {
            let numbers = [420.0, 0.0, 0.0];
            call(
                w,
                "writeFile",
                Request {
                    first: "/a",
                    data,
                    numbers,
                    ..Request::default()
                },
            )
            .map(drop)
        }),
        ("piece by piece", |w, data| replace_slowly(w, "/a", data)),
        ("by a copy", |w, data| {
            call(
                w,
                "writeFile",
                Request {
                    first: "/b",
                    data,
                    numbers: [420.0, 0.0, 0.0],
                    ..Request::default()
                },
            )?;
            call(w, "copy", pair("/b", "/a", 0.0)).map(drop)
        }),
    ];
    for (way, act) in ways {
        for (room, fits) in [(1 << 20, false), (34 << 20, false), (128 << 20, true)] {
            let disk = FaultPool::new();
            let mut w = open(slots(&disk), 1, Redo::Kept).unwrap();
            write(&mut w, "/a", &old);
            w.sync().unwrap();
            let there: u64 = disk
                .list("")
                .unwrap()
                .iter()
                .map(|name| disk.read_file(name).unwrap().len() as u64)
                .sum();
            disk.set_plan(FaultPlan::new().capacity(there + room));
            let (mut w, done) = durably(&disk, w, |w| act(w, &new));
            assert_eq!(done, fits, "{way}, room for {room}");
            let expected = if fits { &new } else { &old };
            assert!(read_all(&mut w, "/a") == *expected, "{way}, room for {room}");
        }
        // What is smaller, or empty, also replaces it; names beside it are as before.
        let disk = FaultPool::new();
        let mut w = open(slots(&disk), 1, Redo::Kept).unwrap();
        for data in [&old[..], &small, &new, &[]] {
            act(&mut w, data).unwrap();
            assert!(read_all(&mut w, "/a") == data, "{way}, {} bytes", data.len());
        }
        assert_eq!(call(&mut w, "fsck", Request::default()).unwrap(), b"[]");
        let names = call(
            &mut w,
            "list",
            Request {
                first: "/",
                ..Request::default()
            },
        )
        .unwrap();
        assert!(!String::from_utf8_lossy(&names).contains("unfinished"), "{way}");
    }
}

#[test]
fn what_replaces_a_file_is_refused_before_it_comes() {
    let mut w = open(slots(&FaultPool::new()), 1, Redo::Kept).unwrap();
    write(&mut w, "/a", b"old");
    call(&mut w, "mkdir", pair("/d", "", 0o755 as f64)).unwrap();
    let mut refused = |request| call(&mut w, "stage", request).unwrap_err().kind();
    assert_eq!(refused(pair("/a", "1-1", 0.0)), ErrorKind::Stale);
    assert_eq!(refused(pair("/a", "", 1.0)), ErrorKind::Exists);
    assert_eq!(refused(pair("/d", "", 0.0)), ErrorKind::IsDirectory);
    assert_eq!(refused(pair("/a/b", "", 0.0)), ErrorKind::NotDirectory);
}

fn failing(w: &mut Workspace, name: &str, request: Request<'_>) -> ErrorKind {
    call(w, name, request).unwrap_err().kind()
}

/// Two paths, or one, and three numbers.
fn about<'a>(first: &'a str, second: &'a str, numbers: [f64; 3]) -> Request<'a> {
    Request {
        first,
        second,
        numbers,
        ..Request::default()
    }
}

/// The permissions that `stat` answers.
fn mode(w: &mut Workspace, path: &str) -> u32 {
    let attr = call(w, "stat", about(path, "", [0.0; 3])).unwrap();
    f64::from_le_bytes(attr[16..24].try_into().unwrap()) as u32 & 0o7777
}

#[test]
fn missing_directories_are_made_alike_and_the_first_is_answered() {
    let mut w = open(slots(&FaultPool::new()), 1, Redo::Kept).unwrap();
    let all = |path| about(path, "", [f64::from(0o700), 1.0, 0.0]);
    assert_eq!(call(&mut w, "mkdir", all("/a/b/c/")).unwrap(), b"/a");
    assert_eq!(call(&mut w, "mkdir", all("/a/b/d")).unwrap(), b"/a/b/d");
    assert_eq!(call(&mut w, "mkdir", all("/a/b")).unwrap(), b"");
    for made in ["/a", "/a/b", "/a/b/c"] {
        assert_eq!(mode(&mut w, made), 0o700, "{made}");
    }
    write(&mut w, "/f", b"");
    assert_eq!(failing(&mut w, "mkdir", all("/f")), ErrorKind::Exists);
    assert_eq!(failing(&mut w, "mkdir", all("/f/g/h")), ErrorKind::NotDirectory);
    assert_eq!(failing(&mut w, "mkdir", all("")), ErrorKind::NotFound);
}

#[test]
fn a_file_is_copied_with_its_permissions_and_never_a_directory() {
    let mut w = open(slots(&FaultPool::new()), 1, Redo::Kept).unwrap();
    write(&mut w, "/f", b"content");
    write(&mut w, "/g", b"kept");
    call(&mut w, "chmod", about("/f", "", [f64::from(0o4777), 0.0, 0.0])).unwrap();
    call(&mut w, "mkdir", about("/d", "", [f64::from(0o755), 0.0, 0.0])).unwrap();
    assert_eq!(
        failing(&mut w, "copyFile", about("/d", "/g", [0.0; 3])),
        ErrorKind::IsDirectory
    );
    assert_eq!(
        failing(&mut w, "copyFile", about("/f", "/g", [1.0, 0.0, 0.0])),
        ErrorKind::Exists
    );
    assert_eq!(
        failing(&mut w, "copyFile", about("/f", "/g/", [0.0; 3])),
        ErrorKind::IsDirectory
    );
    assert_eq!(read(&mut w, "/g").unwrap(), b"kept");
    call(&mut w, "copyFile", about("/f", "/g", [0.0; 3])).unwrap();
    assert_eq!(
        (read(&mut w, "/g").unwrap(), mode(&mut w, "/g")),
        (b"content".to_vec(), 0o4777)
    );
    call(&mut w, "copyFile", about("/f", "/f", [0.0; 3])).unwrap();
    assert_eq!(read(&mut w, "/f").unwrap(), b"content");
}

#[test]
fn a_real_path_is_by_the_name_that_was_asked_for() {
    let mut w = open(slots(&FaultPool::new()), 1, Redo::Kept).unwrap();
    write(&mut w, "/one", b"");
    call(&mut w, "mkdir", about("/d", "", [f64::from(0o755), 0.0, 0.0])).unwrap();
    call(&mut w, "link", about("/one", "/d/two", [0.0; 3])).unwrap();
    call(&mut w, "symlink", about("d/two", "/l", [0.0; 3])).unwrap();
    for (path, real) in [
        ("/one", "/one"),
        ("/d/two", "/d/two"),
        ("/l", "/d/two"),
        ("/d/..", "/"),
    ] {
        let found = call(&mut w, "realpath", about(path, "", [0.0; 3])).unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), real, "{path}");
    }
    call(&mut w, "symlink", about("round", "/round", [0.0; 3])).unwrap();
    assert_eq!(
        failing(&mut w, "realpath", about("/round", "", [0.0; 3])),
        ErrorKind::Loop
    );
}
