//! What we write, as GNU tar and bsdtar read it: random members, and everything compared with what we read ourselves.

mod support;

use std::process::{Command, Stdio};

use fastrand::Rng;
use support::listing::of_host;
use support::ours::Ours;
use tarbox_store::Timestamp;
use tarbox_tar::{Collision, Kind, Member, Writer};

/// Names of all lengths and bytes, each but once.
fn name(rng: &mut Rng, number: usize) -> Vec<u8> {
    let filler: Vec<u8> = match rng.u8(0..8) {
        0 => vec![b'n'; rng.usize(85..110)],
        1 => {
            let part = vec![b'p'; 60];
            vec![part; rng.usize(2..8)].join(&b'/')
        }
        2 => vec![b'x'; 240],
        3 => b"\xff\xfe\x80".to_vec(),
        4 => b"\xef\xbb\xbf".to_vec(),
        5 => "ü\u{1f600}".repeat(rng.usize(1..30)).into_bytes(),
        6 => b"a b\n\t'\"\\".to_vec(),
        _ => b"f".to_vec(),
    };
    match rng.u8(0..3) {
        0 => [&filler[..], b"-", number.to_string().as_bytes()].concat(),
        1 => [b"d/", number.to_string().as_bytes(), &filler[..]].concat(),
        _ => [number.to_string().as_bytes(), &filler[..]].concat(),
    }
}

fn time(rng: &mut Rng) -> Timestamp {
    match rng.u8(0..5) {
        0 => Timestamp(rng.i64(-2_000_000_000..0) * 1_000_000_000),
        1 => Timestamp(rng.i64(0..1_600_000_000_000_000_000)),
        2 => Timestamp(0),
        _ => Timestamp(rng.i64(0..1_600_000_000) * 1_000_000_000),
    }
}

fn member(rng: &mut Rng, path: Vec<u8>, kind: Kind) -> Member {
    let mtime = time(rng);
    Member {
        path,
        kind,
        mode: u32::from(rng.u16(..)) & 0o7777,
        uid: Some(
            *[0, 7, 70_000, 3_000_000, 4_000_000_000]
                .get(rng.usize(0..5))
                .unwrap(),
        ),
        gid: Some(rng.u32(0..4_000_000)),
        size: 0,
        atime: if rng.bool() { mtime } else { time(rng) },
        mtime,
        xattrs: Vec::new(),
    }
}

/// The archive of a seed, and whether a name in it is no UTF-8.
fn written(seed: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed);
    let mut writer = Writer::new(Vec::new(), None);
    let mut names: Vec<Vec<u8>> = Vec::new();
    for number in 0..rng.usize(1..12) {
        let path = name(&mut rng, number);
        match rng.u8(0..8) {
            0 => {
                let directory = member(&mut rng, [&path[..], b"/"].concat(), Kind::Directory);
                writer.member(&directory, None).unwrap();
            }
            1 => {
                let target = name(&mut rng, 99);
                writer
                    .member(&member(&mut rng, path, Kind::Symlink(target)), None)
                    .unwrap();
            }
            2 => writer.member(&member(&mut rng, path, Kind::Fifo), None).unwrap(),
            3 if !names.is_empty() => {
                let first = names[rng.usize(..names.len())].clone();
                writer.member(&Member::hard_link(path, first), None).unwrap();
            }
            4 => {
                let mut sparse = member(&mut rng, path.clone(), Kind::File);
                let pieces: Vec<(u64, u64)> = (0..rng.u64(0..9))
                    .map(|i| (i * 10_000 + 512, 512 * rng.u64(1..4)))
                    .collect();
                sparse.size = pieces.last().map_or(0, |(offset, len)| offset + len) + 1000 * rng.u64(0..2);
                writer.member(&sparse, Some(pieces.clone())).unwrap();
                for (offset, len) in pieces {
                    writer
                        .data(offset, &vec![rng.u8(b'a'..=b'z'); len as usize])
                        .unwrap();
                }
                writer.end_file().unwrap();
                names.push(path);
            }
            _ => {
                let mut file = member(&mut rng, path.clone(), Kind::File);
                let content = vec![rng.u8(b'a'..=b'z'); rng.usize(0..1500)];
                file.size = content.len() as u64;
                writer.member(&file, None).unwrap();
                writer.data(0, &content).unwrap();
                writer.end_file().unwrap();
                names.push(path);
            }
        }
    }
    writer.finish().unwrap()
}

#[test]
fn what_we_write_is_read_alike_by_all() {
    let count = if std::env::var_os("TARBOX_LONG").is_some() {
        10_000
    } else {
        150
    };
    for seed in 0..count {
        let archive = written(seed);
        let ours = Ours::new();
        let outcome = ours.unpack("/t", &archive, 1 << 20, Collision::Refuse);
        assert!(outcome.is_ok(), "seed {seed}: {}", outcome.text());
        let expected = ours.listing("/t");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.tar");
        std::fs::write(&file, &archive).unwrap();
        for program in ["tar", "bsdtar"] {
            let into = dir.path().join(program);
            std::fs::create_dir(&into).unwrap();
            let output = Command::new(program)
                .args(["--numeric-owner", "-x", "-p", "-f"])
                .arg(&file)
                .arg("-C")
                .arg(&into)
                .env("LC_ALL", "C.UTF-8")
                .output()
                .unwrap_or_else(|e| panic!("{program} cannot be run ({e}); 'cargo xtask setup' installs it"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "seed {seed}: {program}: {said}");
            let mut listing = of_host(&into);
            for (path, seen) in &mut listing {
                // What is put into a directory later changes its time with others; and bsdtar counts a fraction of a second
                // upwards before 1970, too.
                let ours = expected.get(path).and_then(|ours| ours.mtime);
                if seen.kind == 'd'
                    || program == "bsdtar"
                        && seen
                            .mtime
                            .is_some_and(|(seconds, nanos)| seconds < 0 && nanos > 0)
                {
                    seen.mtime = ours;
                }
            }
            for path in expected.keys().chain(listing.keys()) {
                assert!(
                    expected.get(path) == listing.get(path),
                    "seed {seed}: {program}: {}\n   {:?}\n   {:?}\n{said}",
                    path.escape_ascii(),
                    expected.get(path),
                    listing.get(path)
                );
            }
        }
    }
}

#[test]
fn a_file_of_nine_gib_says_so() {
    let mut rng = Rng::with_seed(1);
    let mut large = member(&mut rng, b"large".to_vec(), Kind::File);
    large.size = 9 << 30;
    let mut writer = Writer::new(Vec::new(), None);
    writer.member(&large, None).unwrap();
    let headers = std::mem::take(writer.output());
    for program in ["tar", "bsdtar"] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &headers).unwrap();
        let output = Command::new(program)
            .args(["-tvf"])
            .arg(file.path())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|e| panic!("{program} cannot be run ({e}); 'cargo xtask setup' installs it"));
        let listed = String::from_utf8_lossy(&output.stdout);
        assert!(listed.contains(" 9663676416 "), "{program}: {listed}");
    }
}
