//! Dumps that are damaged, cut short or made up: one error that names the place, and nothing is seen of them.

use tarbox_store::*;
use tarbox_store_core::transfer::{
    ChunkVersion, DentryVersion, InodeVersion, WIRE, Wire, XattrVersion, decode, encode,
};
use tarbox_store_core::{Content, Layer, LogRow, Tenant, bucket_of};
use tarbox_transfer::file::{Reader, Writer};
use tarbox_transfer::frame::{Frame, Kind};

use crate::support::*;

/// A dump, frame by frame.
struct Frames(Vec<Frame>);

impl Frames {
    fn of(dump: &[u8]) -> Self {
        let mut reader = Reader::begin(dump).unwrap();
        let mut frames = Vec::new();
        while frames.last().is_none_or(|frame: &Frame| frame.kind != Kind::End) {
            frames.push(reader.frame().unwrap());
        }
        Self(frames)
    }

    fn write(&self) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new()).unwrap();
        self.0.iter().for_each(|frame| writer.write(frame).unwrap());
        writer.finish().unwrap()
    }

    /// Changes all rows of a kind.
    fn edit<R: Wire>(&mut self, kind: Kind, edit: impl FnOnce(&mut Vec<R>)) {
        let at = self.0.iter().position(|frame| frame.kind == kind).unwrap();
        let mut rows = Vec::new();
        for frame in self.0.iter().filter(|frame| frame.kind == kind) {
            rows.extend(decode::<R>(&frame.rows, frame.count as usize, WIRE).ok().unwrap());
        }
        edit(&mut rows);
        self.0.retain(|frame| frame.kind != kind);
        let frame = Frame {
            kind,
            count: rows.len() as u32,
            rows: encode(&rows),
            bodies: Vec::new(),
        };
        self.0.insert(at, frame);
    }
}

/// Changes a dump of everything, and answers what is said of it.
#[track_caller]
fn refused(change: impl FnOnce(&mut Frames)) -> String {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = sqlite(here.path());
    drop(fill(&first));
    let mut frames = Frames::of(&dump(&first, "ada"));
    change(&mut frames);
    let bytes = frames.write();
    let second = sqlite(there.path());
    let error = restore(&second, &bytes, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(states(&second), []);
    assert_sound(&second);
    error.to_string()
}

#[track_caller]
fn refused_with<R: Wire>(kind: Kind, place: &str, edit: impl FnOnce(&mut Vec<R>)) {
    let said = refused(|frames| frames.edit(kind, edit));
    assert!(said.contains(place), "{said}");
}

#[test]
fn a_tenant_that_cannot_be() {
    refused_with::<Tenant>(Kind::Tenant, "tenant 1", |t| t[0].name = "../etc".into());
    refused_with::<Tenant>(Kind::Tenant, "counts more", |t| t[0].bytes = u64::MAX);
    refused_with::<Tenant>(Kind::Tenant, "quota", |t| t[0].quota.inodes = Some(u64::MAX));
    refused_with::<Tenant>(Kind::Tenant, "is current", |t| t[0].current = LayerId(99));
    refused_with::<Tenant>(Kind::Tenant, "next inode", |t| t[0].next_ino = 1 << 60);
    // Counters that only the rows contradict.
    refused_with::<Tenant>(Kind::Tenant, "counter", |t| t[0].bytes += 1);
    refused_with::<Tenant>(Kind::Tenant, "counter", |t| t[0].inodes += 1);
}

#[test]
fn history_that_cannot_be() {
    refused_with::<Layer>(Kind::Layer, "layer 2", |layers| layers.swap(0, 1));
    refused_with::<Layer>(Kind::Layer, "a second layer", |layers| {
        layers[1].name = layers[0].name.clone()
    });
    refused_with::<Layer>(Kind::Layer, "can be called", |layers| {
        layers[1].name = "\x1b[31m".into()
    });
    refused_with::<(String, LayerId)>(Kind::Tag, "points at", |tags| tags[0].1 = LayerId(3));
    refused_with::<LogRow>(Kind::Log, "log record", |log| drop(log.remove(3)));
    refused_with::<LogRow>(Kind::Log, "position", |log| log[0].seq = 1 << 50);
}

#[test]
fn inodes_that_cannot_be() {
    refused_with::<InodeVersion>(Kind::Inode, "fit its content", |rows| {
        let is_small =
            |row: &&mut InodeVersion| matches!(&row.row.content, Content::Inline(data) if !data.is_empty());
        rows.iter_mut().find(is_small).unwrap().row.size += 1;
    });
    refused_with::<InodeVersion>(Kind::Inode, "size", |rows| rows[0].row.size += 32);
    refused_with::<InodeVersion>(Kind::Inode, "is not in order", |rows| rows.swap(1, 2));
    refused_with::<InodeVersion>(Kind::Inode, "lives", |rows| rows[0].row.born = LayerId(77));
    refused_with::<InodeVersion>(Kind::Inode, "never given out", |rows| {
        rows.last_mut().unwrap().key = Ino(1 << 43)
    });
    refused_with::<InodeVersion>(Kind::Inode, "mode", |rows| rows[0].row.mode = 0o170000);
    refused_with::<InodeVersion>(Kind::Inode, "fit", |rows| rows[0].row.content = Content::Chunked);
    refused_with::<InodeVersion>(Kind::Inode, "root", |rows| {
        rows.iter_mut().for_each(|row| row.row.kind = FileKind::Fifo);
    });
    refused_with::<InodeVersion>(Kind::Inode, "link-count", |rows| {
        rows.iter_mut().rfind(|row| row.died.is_none()).unwrap().row.nlink += 1;
    });
    refused_with::<InodeVersion>(Kind::Inode, "contradict", |rows| {
        let large = rows
            .iter_mut()
            .find(|row| row.row.content == Content::Chunked)
            .unwrap();
        large.row.size = 1;
    });
}

#[test]
fn names_that_cannot_be() {
    let secret = |frames: &Frames| {
        let tenant: Vec<Tenant> = decode(&frames.0[0].rows, 1, WIRE).ok().unwrap();
        tenant[0].secret
    };
    for name in [&b"a/b"[..], b"..", b".", b"", b"nul\0", &[b'x'; 256]] {
        let said = refused(|frames| {
            let secret = secret(frames);
            frames.edit::<DentryVersion>(Kind::Dentry, |rows| {
                let cookie = bucket_of(&secret, name);
                rows[0].row.name = name.into();
                (rows[0].row.cookie, rows[0].key.1) = (cookie, cookie);
            });
        });
        assert!(said.contains("entry 1: no entry can be called"), "{said}");
    }
    refused_with::<DentryVersion>(Kind::Dentry, "where its name belongs", |rows| {
        rows[0].row.name = b"else"[..].into()
    });
    refused_with::<DentryVersion>(Kind::Dentry, "names the root", |rows| rows[0].row.ino = Ino::ROOT);
    refused_with::<XattrVersion>(Kind::Xattr, "attribute 1", |rows| rows[0].key.1 = Vec::new());
    refused_with::<XattrVersion>(Kind::Xattr, "bytes", |rows| rows[0].row.value = vec![0; 70_000]);
}

#[test]
fn directories_in_a_circle() {
    let said = refused(|frames| {
        // `sub` goes below `deep`, which is in `sub`.
        let mut sub = None;
        frames.edit::<DentryVersion>(Kind::Dentry, |rows| {
            let is_sub = |row: &DentryVersion| &row.row.name[..] == b"sub" && row.died.is_none();
            let at = rows.iter().position(is_sub).unwrap();
            let mut entry = rows.remove(at);
            let deep = rows
                .iter()
                .find(|row| &row.row.name[..] == b"deep")
                .unwrap()
                .row
                .ino;
            entry.key.0 = deep;
            sub = Some((entry.row.ino, deep));
            rows.push(entry);
            rows.sort_by_key(|row| row.place());
        });
        let (sub, deep) = sub.unwrap();
        frames.edit::<InodeVersion>(Kind::Inode, |rows| {
            for row in rows.iter_mut().filter(|row| row.died.is_none()) {
                match row.key {
                    ino if ino == sub => row.row.parent = deep,
                    ino if ino == deep => (row.row.nlink, row.row.size) = (3, row.row.size + 32),
                    Ino::ROOT => (row.row.nlink, row.row.size) = (2, row.row.size - 32),
                    _ => {}
                }
            }
        });
    });
    assert!(said.contains("contradict"), "{said}");
}

#[test]
fn content_that_cannot_be() {
    refused_with::<ChunkVersion>(Kind::Chunk, "fragments", |rows| {
        rows[0].row.fragments[0].len = 1 << 20
    });
    refused_with::<ChunkVersion>(Kind::Chunk, "fragments", |rows| rows[0].row.fragments.clear());
    refused_with::<ChunkVersion>(Kind::Chunk, "contradict", |rows| {
        rows[0].row.fragments[0].hash = [9; 32]
    });
    let said = refused(|frames| {
        let block = frames
            .0
            .iter_mut()
            .find(|frame| frame.kind == Kind::Block)
            .unwrap();
        block.bodies[0].as_mut().unwrap()[7] ^= 1;
    });
    assert!(
        said.contains("block 1: its bytes do not match its hash"),
        "{said}"
    );
    let said = refused(|frames| frames.0.retain(|frame| frame.kind != Kind::Block));
    assert!(said.contains("counts other rows"), "{said}");
    let said = refused(|frames| {
        let last = frames.0.len() - 1;
        frames.0.swap(last - 1, last - 2);
    });
    assert!(said.contains("not in its place"), "{said}");
    let said = refused(|frames| {
        let more = frames.0[1].clone();
        frames.0.push(more);
    });
    assert!(said.contains("follows the end"), "{said}");
}

#[test]
fn a_dump_that_is_cut_short_is_refused_and_gone_on_with() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = sqlite(here.path());
    drop(fill(&first));
    let original = picture(&first, "ada");
    let bytes = dump(&first, "ada");
    let second = sqlite(there.path());
    for part in 0..24 {
        let end = bytes.len() * part / 24;
        let error = restore(&second, &bytes[..end], None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("cut short") || end < 32, "{error}");
        // Nobody can use it, and there is nothing to be seen of it but that it is there.
        let seen = pollster::block_on(second.open_tenant("ada"));
        assert!(matches!(
            seen.unwrap_err().kind(),
            ErrorKind::Busy | ErrorKind::NotFound
        ));
        let verified = tarbox_transfer::verify(&bytes[..end], &mut |_| {});
        assert_eq!(verified.unwrap_err().kind(), ErrorKind::Corrupt);
    }
    assert_eq!(states(&second), [("ada".into(), TenantState::Restoring)]);
    assert_sound(&second);
    restore(&second, &bytes, None).unwrap();
    assert_same(&picture(&second, "ada"), &original);
    assert_sound(&second);
}

#[test]
fn any_flipped_bit_is_told() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = sqlite(here.path());
    drop(fill(&first));
    let bytes = dump(&first, "ada");
    let second = sqlite(there.path());
    let places = (0..bytes.len())
        .step_by(bytes.len() / 400)
        .chain(bytes.len() - 60..bytes.len());
    for (i, at) in places.chain(0..80).enumerate() {
        // The id in the header means nothing but itself; the chain covers it, too.
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (i % 8);
        tarbox_transfer::verify(&flipped[..], &mut |_| {}).expect_err("it is damaged");
        if i % 40 == 0 {
            restore(&second, &flipped, None).expect_err("it is damaged");
            assert!(
                states(&second)
                    .iter()
                    .all(|(_, state)| *state == TenantState::Restoring)
            );
        }
    }
    assert_sound(&second);
}

#[test]
fn what_is_no_dump_is_refused() {
    let here = tempfile::tempdir().unwrap();
    let db = sqlite(here.path());
    for bytes in [&b""[..], b"x", &[0; 100], &[0xff; 5000]] {
        let error = restore(&db, bytes, None).unwrap_err();
        assert!(error.to_string().contains("no dump of a tenant"), "{error}");
    }
    drop(fill(&db));
    let mut newer = dump(&db, "ada");
    newer[8] = 77;
    let error = restore(&db, &newer, Some("eve")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("use a newer Tarbox"), "{error}");
}

#[test]
fn what_is_made_up_is_refused_on_a_server_too() {
    let here = tempfile::tempdir().unwrap();
    let (first, second) = (sqlite(here.path()), postgres());
    drop(fill(&first));
    let frames = || Frames::of(&dump(&first, "ada"));
    let changes: [fn(&mut Frames); 4] = [
        |f| f.edit::<Tenant>(Kind::Tenant, |t| t[0].bytes += 1),
        |f| f.edit::<InodeVersion>(Kind::Inode, |rows| rows.last_mut().unwrap().row.nlink += 1),
        |f| f.edit::<ChunkVersion>(Kind::Chunk, |rows| rows[0].row.fragments[0].hash = [9; 32]),
        |f| f.edit::<DentryVersion>(Kind::Dentry, |rows| rows[0].row.ino = Ino(1 << 40)),
    ];
    for change in changes {
        let mut frames = frames();
        change(&mut frames);
        let error = restore(&second, &frames.write(), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert_eq!(states(&second), []);
    }
    assert_sound(&second);
}
