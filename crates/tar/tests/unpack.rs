//! What archives have done wrong, one by one.

mod support;

use support::build::{Block, archive, extended, file, long, other, padded, pax, record};
use support::listing::Seen;
use support::ours::{Ours, Outcome};
use tarbox_fs::{FilesystemExt, FilesystemInterface, Owners, blocking};
use tarbox_store::{Database, ErrorKind, Quota};
use tarbox_tar::{Collision, Severity, Unpacker};

/// An archive unpacked into `/t` of a new workspace.
fn unpacked(parts: &[Vec<u8>]) -> (Ours, Outcome) {
    let ours = Ours::new();
    let outcome = ours.unpack("/t", &archive(parts), 1 << 20, Collision::Refuse);
    (ours, outcome)
}

fn seen(ours: &Ours, path: &str) -> Option<Seen> {
    ours.listing("/t").remove(path.as_bytes())
}

fn content(ours: &Ours, path: &str) -> String {
    String::from_utf8(
        seen(ours, path)
            .unwrap_or_else(|| panic!("{path} is not there"))
            .content,
    )
    .unwrap()
}

fn names(ours: &Ours) -> Vec<String> {
    ours.listing("/t")
        .into_keys()
        .map(|name| String::from_utf8(name).unwrap())
        .collect()
}

#[test]
fn a_file_that_is_named_twice_stays() {
    let twice: [(&str, Vec<Vec<u8>>); 5] = [
        ("foo", vec![file(b"foo", b"hello"), other(b"foo", b'1', b"foo")]),
        ("foo", vec![file(b"foo", b"hello"), other(b"./foo", b'1', b"foo")]),
        (
            "d/foo",
            vec![file(b"d/foo", b"hello"), other(b"d/foo", b'1', b"/d//foo")],
        ),
        (
            "a",
            vec![
                file(b"a", b"hello"),
                other(b"b", b'1', b"a"),
                other(b"a", b'1', b"b"),
            ],
        ),
        ("s", vec![other(b"s", b'2', b"hello"), other(b"s", b'1', b"s")]),
    ];
    for (name, parts) in twice {
        let (ours, outcome) = unpacked(&parts);
        assert!(outcome.is_ok(), "{}", outcome.text());
        assert_eq!(content(&ours, name), "hello");
        // Also over what was there before.
        let again = ours.unpack("/t", &archive(&parts), 7, Collision::Replace);
        assert!(again.is_ok(), "{}", again.text());
        assert_eq!(content(&ours, name), "hello");
    }
}

#[test]
fn a_link_to_what_is_not_there_leaves_what_is() {
    let (ours, outcome) = unpacked(&[file(b"a", b"A"), other(b"a", b'1', b"gone"), file(b"b", b"B")]);
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!(
        (content(&ours, "a"), content(&ours, "b")),
        ("A".into(), "B".into())
    );
}

#[test]
fn what_is_in_the_way_stays_until_the_new_one_is_whole() {
    let ours = Ours::new();
    ours.unpack("/t", &archive(&[file(b"a", b"old")]), 512, Collision::Refuse);
    let cut = &archive(&[file(b"a", &[b'n'; 3000])])[..2000];
    let outcome = ours.unpack("/t", cut, 512, Collision::Replace);
    assert!(outcome.is_fatal());
    assert_eq!(
        (content(&ours, "a"), names(&ours)),
        ("old".into(), vec!["a".into()])
    );
    let refused = ours.unpack("/t", &archive(&[file(b"a", b"new")]), 512, Collision::Refuse);
    assert!(
        refused.text().contains("use --force to replace it"),
        "{}",
        refused.text()
    );
    assert_eq!(content(&ours, "a"), "old");
    ours.unpack("/t", &archive(&[file(b"a", b"new")]), 512, Collision::Replace);
    assert_eq!(
        (content(&ours, "a"), names(&ours)),
        ("new".into(), vec!["a".into()])
    );
}

#[test]
fn a_large_file_that_is_cut_off_leaves_nothing() {
    let large = file(b"d/large", &vec![b'x'; 3 << 20]);
    let ours = Ours::new();
    let outcome = ours.unpack(
        "/t",
        &[file(b"whole", b"w"), large[..2 << 20].to_vec()].concat(),
        1 << 16,
        Collision::Refuse,
    );
    assert!(outcome.is_fatal());
    assert_eq!(names(&ours), ["d", "whole"]);
    assert_eq!((outcome.counts.files, outcome.counts.bytes), (1, 1));
}

#[test]
fn sizes_of_what_has_no_content() {
    for letter in [b'1', b'2', b'3', b'5', b'6'] {
        for magic in [&b"ustar\x0000"[..], b"ustar  \0", &[0; 8]] {
            let mut claims = Block::new(b"b", letter, 1500);
            claims.link(b"a").put(257, magic);
            let parts = [
                file(b"a", b"hello"),
                claims.bytes(),
                file(b"c", b"hi"),
                file(b"d", b"ho"),
            ];
            let (ours, outcome) = unpacked(&parts);
            assert!(outcome.is_ok(), "{}: {}", letter.escape_ascii(), outcome.text());
            assert_eq!(names(&ours), ["a", "b", "c", "d"]);
            // With the content that is claimed, as some programs write it; zeros in it are no end.
            let mut body = padded(&[b'x'; 1500]);
            body[..512].fill(0);
            let parts = [
                parts[0].clone(),
                parts[1].clone(),
                body,
                parts[2].clone(),
                parts[3].clone(),
            ];
            let (ours, outcome) = unpacked(&parts);
            assert!(outcome.is_ok(), "{}", outcome.text());
            assert_eq!(names(&ours), ["a", "b", "c", "d"]);
        }
    }
}

#[test]
fn members_of_unknown_kinds_are_files_and_nothing_hides_behind_them() {
    let (ours, outcome) = unpacked(&[
        pax(&[("size", b"1024")]),
        [Block::new(b"unknown", b'Z', 512).bytes(), padded(&[b'A'; 512])].concat(),
        file(b"in", b""),
        file(b"out", b"o"),
    ]);
    // The size said before counts: what looks like a member is content.
    assert_eq!(names(&ours), ["out", "unknown"]);
    assert_eq!(seen(&ours, "unknown").unwrap().content.len(), 1024);
    assert!(outcome.is_ok() && outcome.text().contains("unknown type 'Z'"));
    // It does not count for headers in between.
    let (ours, outcome) = unpacked(&[
        pax(&[("size", b"2048")]),
        long(b'L', b"long"),
        [Block::new(b"short", b'0', 16).bytes(), padded(&[b'B'; 2048])].concat(),
        file(b"next", b"n"),
    ]);
    assert!(outcome.is_ok(), "{}", outcome.text());
    assert_eq!(names(&ours), ["long", "next"]);
}

#[test]
fn a_damaged_header_is_named_and_the_rest_unpacked() {
    let mut spoilt = file(b"spoilt", &[b's'; 2000]);
    spoilt[3] ^= 1;
    let (ours, outcome) = unpacked(&[file(b"a", b"A"), spoilt, file(b"z", b"Z")]);
    assert_eq!(names(&ours), ["a", "z"]);
    assert_eq!(outcome.text().lines().count(), 1, "{}", outcome.text());
    assert!(
        outcome.text().contains("the header at byte 1024 is damaged"),
        "{}",
        outcome.text()
    );
    assert!(!outcome.is_ok() && !outcome.is_fatal());
    // So is one whose size no file has.
    let mut block = Block::new(b"huge", b'0', 0);
    let (ours, outcome) = unpacked(&[
        file(b"a", b"A"),
        block.binary(124, 12, -1).bytes(),
        file(b"z", b"Z"),
    ]);
    assert_eq!(names(&ours), ["a", "z"]);
    assert!(!outcome.is_ok());
}

#[test]
fn owners_that_no_file_can_have() {
    let mut minus = Block::new(b"a", b'0', 1);
    minus.put(108, &[0xff; 8]).put(116, &[0xff; 8]);
    let minus = [minus.bytes(), padded(b"x")].concat();
    let cases = [
        vec![minus],
        vec![pax(&[("uid", b"-1")]), file(b"a", b"x")],
        vec![pax(&[("gid", b"4294967296")]), file(b"a", b"x")],
        vec![pax(&[("uid", b"99999999999999999999")]), file(b"a", b"x")],
    ];
    for mut parts in cases {
        parts.push(file(b"b", b"y"));
        let (ours, outcome) = unpacked(&parts);
        assert!(outcome.is_ok(), "{}", outcome.text());
        assert!(outcome.problems.iter().any(|p| p.severity == Severity::Note));
        assert_eq!(
            (content(&ours, "a"), content(&ours, "b")),
            ("x".into(), "y".into())
        );
        assert_eq!(seen(&ours, "a").unwrap().owner, (0, 0));
    }
    // Nobody's setuid becomes somebody else's.
    let mut block = Block::new(b"a", b'0', 0);
    block.octal(100, 8, 0o4755).put(108, &[0xff; 8]);
    assert_eq!(seen(&unpacked(&[block.bytes()]).0, "a").unwrap().mode, 0o755);
}

#[test]
fn one_kind_of_thing_and_then_another_of_that_name() {
    let directory = || Block::new(b"d/", b'5', 0).octal(100, 8, 0o777).bytes();
    let inside = file(b"d/f", b"x");
    for before in [
        other(b"d", b'2', b"e"),
        file(b"d", b"y"),
        other(b"d", b'2', b"gone"),
        other(b"d", b'6', b""),
    ] {
        let (ours, outcome) = unpacked(&[other(b"e/", b'5', b""), before, directory(), inside.clone()]);
        assert!(outcome.is_ok(), "{}", outcome.text());
        let there = seen(&ours, "d").unwrap();
        assert_eq!(
            (there.kind, there.mode, content(&ours, "d/f")),
            ('d', 0o777, "x".into())
        );
        assert_eq!(names(&ours), ["d", "d/f", "e"]);
        assert_eq!((outcome.counts.directories, outcome.counts.entries()), (2, 3));
    }
    // The other way round, while nothing is in it.
    let (ours, outcome) = unpacked(&[directory(), other(b"d", b'2', b"e"), file(b"z", b"z")]);
    assert!(outcome.is_ok(), "{}", outcome.text());
    assert_eq!(
        (seen(&ours, "d").unwrap().kind, content(&ours, "z")),
        ('l', "z".into())
    );
    let (ours, outcome) = unpacked(&[directory(), inside, other(b"d", b'2', b"e")]);
    assert!(!outcome.is_ok());
    assert_eq!(content(&ours, "d/f"), "x");
    // What was there before the archive is another matter.
    let ours = Ours::new();
    ours.unpack(
        "/t",
        &archive(&[directory(), file(b"f", b"mine")]),
        512,
        Collision::Refuse,
    );
    let outcome = ours.unpack(
        "/t",
        &archive(&[file(b"d", b"y"), other(b"f/", b'5', b"")]),
        512,
        Collision::Refuse,
    );
    assert_eq!(outcome.failed.len(), 2);
    assert_eq!(
        (seen(&ours, "d").unwrap().kind, content(&ours, "f")),
        ('d', "mine".into())
    );
}

#[test]
fn the_last_thing_said_of_a_directory_counts() {
    let directory = |mode, mtime| {
        Block::new(b"d/", b'5', 0)
            .octal(100, 8, mode)
            .octal(136, 12, mtime)
            .bytes()
    };
    let (ours, outcome) = unpacked(&[directory(0o700, 5), file(b"d/f", b"x"), directory(0o751, 7)]);
    let there = seen(&ours, "d").unwrap();
    assert_eq!(
        (there.mode, there.mtime, outcome.counts.directories),
        (0o751, Some((7, 0)), 1)
    );
}

#[test]
fn a_name_that_came_twice_counts_once() {
    let (ours, outcome) = unpacked(&[
        file(b"a", b"first"),
        file(b"b", b"12"),
        file(b"a", b"3"),
        other(b"b", b'2', b"a"),
    ]);
    assert_eq!(
        (content(&ours, "a"), content(&ours, "b")),
        ("3".into(), "a".into())
    );
    let counts = outcome.counts;
    assert_eq!((counts.files, counts.links, counts.bytes), (1, 1, 1));
}

#[test]
fn times_before_1970_and_beyond_all_times() {
    let time_of = |value: &[u8]| {
        let (ours, outcome) = unpacked(&[pax(&[("mtime", value)]), file(b"a", b"x"), file(b"b", b"y")]);
        assert!(outcome.is_ok(), "{}", outcome.text());
        assert_eq!(names(&ours), ["a", "b"]);
        blocking(ours.fs.stat(&ours.me, "/t/a")).unwrap().mtime.0
    };
    assert_eq!(time_of(b"-5000.25"), -5_000_250_000_000);
    assert_eq!(time_of(b"13136941795.6"), i64::MAX);
    assert_eq!(time_of(b"-13136941795"), i64::MIN);
    assert_eq!(time_of(b"99999999999999999999"), i64::MAX);
    let mut block = Block::new(b"a", b'0', 0);
    block.put(136, &[0x80, 0, 0, 0, 0, 0, 0, 3, 0x0f, 6, 0x6a, 0x63]);
    let (ours, _) = unpacked(&[block.bytes()]);
    assert_eq!(
        blocking(ours.fs.stat(&ours.me, "/t/a")).unwrap().mtime.0,
        i64::MAX
    );
}

#[test]
fn a_value_that_makes_no_sense_does_not_count_and_is_reported() {
    let (ours, outcome) = unpacked(&[
        pax(&[("mtime", b"7"), ("mtime", b"x"), ("uid", b""), ("size", b"-3")]),
        file(b"a", b"x"),
    ]);
    assert_eq!(
        outcome.text().matches("which is ignored").count(),
        3,
        "{}",
        outcome.text()
    );
    assert_eq!(
        (seen(&ours, "a").unwrap().mtime, content(&ours, "a")),
        (Some((7, 0)), "x".into())
    );
    let (ours, outcome) = unpacked(&[
        extended(b'x', &[record(b"path", b"p"), b"nonsense".to_vec()].concat()),
        file(b"a", b"x"),
    ]);
    assert!(!outcome.is_ok());
    assert_eq!(content(&ours, "p"), "x");
}

#[test]
fn what_is_no_archive_is_said_once() {
    let ours = Ours::new();
    for piece in [1, 512, 700, 1 << 20] {
        let outcome = ours.unpack("/t", &[b'x'; 5000], piece, Collision::Refuse);
        assert_eq!(outcome.text(), "Fatal: it does not begin like one");
    }
    assert!(
        ours.unpack("/t", b"", 1, Collision::Refuse)
            .text()
            .contains("it is empty")
    );
    assert!(
        ours.unpack("/t", b"\x1f\x8bx", 1, Collision::Refuse)
            .text()
            .contains("gzip -dc")
    );
}

#[test]
fn headers_that_belong_to_nothing() {
    let ours = Ours::new();
    let outcome = ours.unpack(
        "/t",
        &[file(b"a", b"x"), pax(&[("path", b"p")])].concat(),
        512,
        Collision::Refuse,
    );
    assert!(
        outcome.is_fatal() && outcome.text().contains("cut off at byte 2048"),
        "{}",
        outcome.text()
    );
    assert_eq!(content(&ours, "a"), "x");
}

#[test]
fn what_is_behind_the_end_is_left_out_and_noted() {
    let (ours, outcome) = unpacked(&[file(b"a", b"x"), vec![0; 512], file(b"b", b"y")]);
    assert_eq!(names(&ours), ["a"]);
    assert!(
        outcome.is_ok() && outcome.text().contains("data after it is ignored"),
        "{}",
        outcome.text()
    );
}

#[test]
fn holes_told_in_each_way_are_the_same_file() {
    let data = [[b'a'; 512], [b'b'; 512]].concat();
    let mut whole = vec![0; 20_000];
    whole[512..1024].fill(b'a');
    whole[8192..8704].fill(b'b');
    let mut old = Block::new(b"s", b'S', 1024);
    old.gnu()
        .octal(483, 12, 20_000)
        .octal(386, 12, 512)
        .octal(398, 12, 512)
        .octal(410, 12, 8192)
        .octal(422, 12, 512);
    let body = |map: &[u8]| {
        [
            Block::new(b"s", b'0', (map.len() + 1024) as u64).bytes(),
            map.to_vec(),
            data.clone(),
        ]
        .concat()
    };
    let ways = [
        [old.bytes(), data.clone()].concat(),
        [
            pax(&[
                ("GNU.sparse.size", b"20000"),
                ("GNU.sparse.offset", b"512"),
                ("GNU.sparse.numbytes", b"512"),
                ("GNU.sparse.offset", b"8192"),
                ("GNU.sparse.numbytes", b"512"),
            ]),
            body(b""),
        ]
        .concat(),
        [
            pax(&[
                ("GNU.sparse.size", b"20000"),
                ("GNU.sparse.map", b"512,512,8192,512"),
            ]),
            body(b""),
        ]
        .concat(),
        [
            pax(&[
                ("GNU.sparse.major", b"1"),
                ("GNU.sparse.minor", b"0"),
                ("GNU.sparse.name", b"s"),
                ("GNU.sparse.realsize", b"20000"),
            ]),
            body(&padded(b"2\n512\n512\n8192\n512\n")),
        ]
        .concat(),
    ];
    for way in ways {
        let (ours, outcome) = unpacked(&[way, file(b"z", b"z")]);
        assert!(outcome.is_ok(), "{}", outcome.text());
        assert!(seen(&ours, "s").unwrap().content == whole);
        assert_eq!(outcome.counts.bytes, 20_001);
    }
    // A map that lies costs the file, and nothing else.
    let lie = [
        pax(&[
            ("GNU.sparse.size", b"10"),
            ("GNU.sparse.map", b"512,512,8192,512"),
        ]),
        body(b""),
    ]
    .concat();
    let (ours, outcome) = unpacked(&[lie, file(b"z", b"z")]);
    assert!(!outcome.is_ok());
    assert_eq!(names(&ours), ["z"]);
}

#[test]
fn names_are_bytes() {
    let (ours, outcome) = unpacked(&[
        file(b"\xef\xbb\xbfa", b"1"),
        file(b"a", b"2"),
        file(b"\xff", b"3"),
        file(b"\xfe", b"4"),
    ]);
    assert!(outcome.is_ok());
    assert_eq!(ours.listing("/t").len(), 4);
}

#[test]
fn an_archive_may_come_in_pieces_of_any_size() {
    let parts = [
        long(b'L', &[b'n'; 150]),
        file(b"x", &[b'x'; 1300]),
        pax(&[("path", b"p/q"), ("SCHILY.xattr.user.a", b"b")]),
        file(b"y", b"y"),
        other(b"l", b'1', b"p/q"),
    ];
    let (whole, _) = unpacked(&parts);
    for piece in [1, 3, 511, 512, 513, 700] {
        let ours = Ours::new();
        let outcome = ours.unpack("/t", &archive(&parts), piece, Collision::Refuse);
        assert!(outcome.is_ok(), "{}", outcome.text());
        assert_eq!(ours.listing("/t"), whole.listing("/t"));
    }
    let ino = blocking(whole.fs.stat(&whole.me, "/t/l")).unwrap().ino;
    assert_eq!(
        blocking(whole.fs.getxattr(&whole.me, ino, b"user.a")).unwrap(),
        b"b"
    );
}

#[test]
fn what_had_no_room_is_unpacked_once_there_is() {
    let ours = Ours::new();
    let root = blocking(ours.fs.create_dir_all(&ours.me, "/t")).unwrap();
    let bytes = archive(&[
        file(b"a", &[b'a'; 5000]),
        other(b"d/", b'5', b""),
        file(b"d/b", &[b'b'; 90_000]),
        other(b"l", b'2', b"a"),
    ]);
    let set = |inodes, bytes| {
        let quota = Quota {
            inodes,
            bytes,
            ..Quota::default()
        };
        blocking(ours.database.set_quota("default", quota)).unwrap();
    };
    let mut unpacker = Unpacker::new((root.ino, b"/t"), Collision::Refuse, Owners::Keep);
    let mut refused = 0;
    loop {
        // A little more room each time.
        set(Some(2 + refused / 4), Some(refused * 5000));
        let at = unpacker.position() as usize;
        let fed = unpacker
            .feed((&ours.fs, &ours.me), &bytes[at..], &mut |told| panic!("{told:?}"))
            .and_then(|()| unpacker.finish((&ours.fs, &ours.me), &mut |told| panic!("{told:?}")));
        match fed {
            Ok(()) => break,
            Err(error) => assert_eq!(error.kind(), ErrorKind::QuotaExceeded),
        }
        refused += 1;
        assert!(refused < 200, "it never fits");
    }
    assert!(refused > 5);
    assert_eq!(names(&ours), ["a", "d", "d/b", "l"]);
    assert_eq!(seen(&ours, "d/b").unwrap().content, [b'b'; 90_000]);
    assert_eq!(unpacker.counts().entries(), 4);
}
