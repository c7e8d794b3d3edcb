//! Databases and segments with bytes that are not those that were written.

use std::fs;

use tarbox_store::*;

use crate::{Sample, block, me, new, open};

/// Reads all there is and changes a little of it. Errors are fine, panics are not; a file is as it was written, or cannot be read.
///
/// Answers how many files could be read, and the errors.
fn use_all(sample: &Sample, what: &str) -> (usize, Vec<Error>) {
    let (mut read, mut errors) = (0, Vec::new());
    let (database, s) = match open(&sample.path) {
        Ok(opened) => opened,
        Err(e) => return (0, vec![e]),
    };
    for (view, expected) in [
        (View::Current, &sample.head),
        (View::Layer(sample.layer.0), &sample.layer.1),
    ] {
        for node in expected.values() {
            let (ino, size) = (node.attr.ino, node.content.len());
            let mut buffer = vec![0; size];
            let result = match node.attr.kind {
                FileKind::File => block(s.read(view, ino, 0, &mut buffer, Access::Quiet)).map(|_| ()),
                FileKind::Symlink => block(s.read_link(view, ino)).map(|target| buffer = target),
                _ => block(s.list(view, ino, Cookie(0), 1_000)).map(|_| ()),
            };
            match result {
                Ok(()) => {
                    read += 1;
                    assert!(
                        buffer == node.content,
                        "{what}: inode {ino} reads wrong in {view:?}"
                    );
                }
                Err(e) => errors.push(e),
            }
            errors.extend(block(s.path_of(view, ino)).err());
            errors.extend(
                block(s.xattr(view, ino, b"user.i"))
                    .err()
                    .filter(|e| e.kind() != ErrorKind::NoData),
            );
        }
    }
    errors.extend(block(change(&s)).err());
    errors.extend(block(s.layers()).err());
    errors.extend(block(s.diff(sample.layer.0, LayerId(sample.layer.0.0 + 1))).err());
    errors.extend(block(s.log(&LogQuery::default())).err());
    errors.extend(block(database.tenants()).err());
    errors.extend(block(database.fsck(false, &|_, _| {})).err());
    errors.extend(block(s.gc()).err());
    (read, errors)
}

async fn change(s: &impl Store) -> Result<()> {
    let by = me();
    let dir = s.lookup(View::Current, Ino::ROOT, b"dir").await?.ino;
    let file = s.lookup(View::Current, dir, b"file8").await?.ino;
    s.write(&by, file, WriteAt::Offset(150_000), b"more", false)
        .await?;
    let made = s.create(&by, dir, b"made", &new(FileKind::File)).await?.ino;
    s.write(&by, made, WriteAt::End, &[1; 10_000], false).await?;
    s.rename(&by, (dir, b"file3"), (Ino::ROOT, b"moved"), RenameMode::Replace)
        .await?;
    s.unlink(&by, dir, b"file16", Unlink::File).await?;
    s.sync().await
}

#[test]
fn a_damaged_block_is_named_and_everything_else_is_read() {
    let sample = Sample::new();
    let segment = fs::read(sample.segment()).unwrap();
    let database = fs::read(&sample.path).unwrap();
    let files = sample.head.len() + sample.layer.1.len();
    for at in (0..segment.len()).step_by(segment.len() / 13) {
        let mut damaged = segment.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(sample.segment(), &damaged).unwrap();
        let (read, errors) = use_all(&sample, &format!("bit at {at} of the segment"));
        assert!(
            read >= files - 4 && read < files,
            "{read} of {files} are read with one block damaged"
        );
        for error in &errors {
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{text}");
            assert!(
                text.contains("block ") && text.contains("t1/00000001"),
                "it names the block and the segment: {text}"
            );
        }
        fs::write(&sample.path, &database).unwrap();
    }
}

#[test]
fn a_segment_that_was_cut_is_told() {
    let sample = Sample::new();
    let segment = fs::read(sample.segment()).unwrap();
    let database = fs::read(&sample.path).unwrap();
    for len in [0, 1, segment.len() / 2, segment.len() - 1] {
        fs::write(sample.segment(), &segment[..len]).unwrap();
        let (_, errors) = use_all(&sample, &format!("segment of {len} bytes"));
        assert!(!errors.is_empty());
        assert!(
            errors.iter().all(|e| e.kind() == ErrorKind::Corrupt),
            "{errors:?}"
        );
        fs::write(&sample.path, &database).unwrap();
    }
}

#[test]
fn a_damaged_block_keeps_nothing_else_from_being_stored() {
    let sample = Sample::new();
    let mut segment = fs::read(sample.segment()).unwrap();
    segment.iter_mut().for_each(|b| *b = !*b);
    fs::write(sample.segment(), &segment).unwrap();
    let (database, s) = open(&sample.path).unwrap();
    let by = me();
    block(async {
        let dir = s.lookup(View::Current, Ino::ROOT, b"dir").await?.ino;
        // Enough of small writes into one damaged chunk that it would be made whole, if it could be read.
        let file = s.lookup(View::Current, dir, b"file8").await?.ino;
        for i in 0..60 {
            s.write(&by, file, WriteAt::Offset(i * 2_000), b"small", false)
                .await?;
        }
        s.write(&by, file, WriteAt::Offset(1_000), &[7; 120_000], false)
            .await?;
        let made = s.create(&by, dir, b"made", &new(FileKind::File)).await?.ino;
        s.write(&by, made, WriteAt::End, &[1; 10_000], false).await?;
        s.sync().await?;
        let mut buffer = [0; 100_000];
        s.read(View::Current, file, 1_000, &mut buffer, Access::Quiet)
            .await?;
        assert!(buffer == [7; 100_000], "what was written anew can be read");
        Ok::<_, Error>(())
    })
    .unwrap();
    drop((database, s));
    let (_database, s) = open(&sample.path).unwrap();
    let dir = block(s.lookup(View::Current, Ino::ROOT, b"dir")).unwrap().ino;
    assert_eq!(block(s.lookup(View::Current, dir, b"made")).unwrap().size, 10_000);
}

#[test]
fn a_database_that_was_cut_is_told() {
    let sample = Sample::new();
    let database = fs::read(&sample.path).unwrap();
    for pages in 1..database.len() / 4_096 {
        for len in [pages * 4_096, pages * 4_096 - 1_000] {
            fs::write(&sample.path, &database[..len]).unwrap();
            let (_, errors) = use_all(&sample, &format!("database of {len} bytes"));
            assert!(!errors.is_empty(), "nobody notices that {len} bytes are left");
            for error in errors {
                let fine = matches!(
                    error.kind(),
                    ErrorKind::Corrupt | ErrorKind::Invalid | ErrorKind::Io
                );
                assert!(fine, "{len}: {error}");
            }
        }
    }
}

/// Bits flipped in the pages of the database itself: SQLite notices where its structure breaks, rows check what they can; nothing
/// may panic, and no file may read as something that was never written.
#[test]
fn flipped_bits_in_the_database_break_nothing_else() {
    let sample = Sample::new();
    let database = fs::read(&sample.path).unwrap();
    let long = std::env::var_os("TARBOX_LONG").is_some();
    let flips = if long { 20_000 } else { 400 };
    let random = tarbox_store::conformance::bytes(7, flips * 8);
    for chunk in random.chunks_exact(8) {
        let bit = u64::from_le_bytes(chunk.try_into().unwrap()) % (database.len() as u64 * 8);
        let mut damaged = database.clone();
        damaged[(bit / 8) as usize] ^= 1 << (bit % 8);
        fs::write(&sample.path, &damaged).unwrap();
        use_all(&sample, &format!("bit {bit}"));
    }
}
