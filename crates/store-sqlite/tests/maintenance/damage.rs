//! Every invariant is broken on purpose, in a copy of a sound database. The check has to name it, the repair to mend it,
//! and nothing that was there before may be gone afterwards.

use pollster::block_on;
use tarbox_store::*;

use crate::patient::{DIR, LARGE, SMALL, SUB, content, contents, patient};
use crate::support::{Place, assert_clean, check, lines, me, new, snapshot, tenant};

/// Some damage, and the word that a check has for it.
struct Damage {
    sql: &'static str,
    word: &'static str,
}

const fn damage(word: &'static str, sql: &'static str) -> Damage {
    Damage { sql, word }
}

/// Puts the keys of the first tenant into a statement.
fn resolve(sql: &str) -> String {
    let key = |ino: u64| ((1u64 << 44) + ino).to_string();
    sql.replace("{root}", &key(1))
        .replace("{dir}", &key(DIR))
        .replace("{small}", &key(SMALL))
        .replace("{large}", &key(LARGE))
        .replace("{sub}", &key(SUB))
        .replace("{missing}", &key(999))
}

fn repair(db: &tarbox_store_sqlite::SqliteDatabase) -> FsckReport {
    block_on(db.fsck(true, &|_, _| {})).unwrap()
}

/// Breaks a copy, checks, repairs, checks again. With `lost`, content that nobody can bring back stays reported.
fn breaks(patient: &Place, damage: &Damage, lost: bool) {
    let place = patient.copy();
    let what = damage.sql;
    let before = contents(&tenant(&place.open(), "one"));
    place
        .sql()
        .execute_batch(&resolve(what))
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    mends(&place, what, damage.word, lost);
    if !lost {
        let after = contents(&tenant(&place.open(), "one"));
        let gone: Vec<_> = before.difference(&after).collect();
        assert!(
            gone.is_empty(),
            "{what}: contents are gone: {gone:?} of {before:?}, left {after:?}"
        );
    }
}

/// Checks, repairs, checks again.
fn mends(place: &Place, what: &str, word: &str, lost: bool) {
    let db = place.open();
    let found = check(&db);
    let words: Vec<_> = found.problems.iter().map(|p| p.invariant).collect();
    assert!(
        words.contains(&word),
        "{what}: expected {word}, found\n{}",
        lines(&found.problems)
    );
    assert!(
        found.problems.iter().all(|p| !p.repaired),
        "{what}: a check repairs nothing"
    );
    let repaired = repair(&db);
    for problem in found.problems.iter().filter(|p| p.invariant != "block-hash") {
        let told = repaired.problems.iter().find(|p| p.what == problem.what);
        let told = told.unwrap_or_else(|| panic!("{what}: the repair does not tell of {}", problem.what));
        assert!(
            told.repaired,
            "{what}: not repaired: {}\n{}",
            told.what,
            lines(&repaired.problems)
        );
    }
    let left = check(&db);
    let expected = |p: &&Problem| lost && p.invariant == "block-hash";
    assert!(
        left.problems.iter().all(|p| expected(&p)) && left.problems.is_empty() != lost,
        "{what}: found\n{}\nleft\n{}",
        lines(&found.problems),
        lines(&left.problems)
    );
    // What the repair left can be used: every name in every layer.
    let s = tenant(&db, "one");
    for layer in block_on(s.layers()).unwrap() {
        snapshot(&s, View::Layer(layer.id));
    }
    block_on(s.create(
        &me(),
        Ino::ROOT,
        b"afterwards",
        &crate::support::new(FileKind::File, b""),
    ))
    .unwrap();
    block_on(s.flush()).unwrap();
    let again = check(&db);
    assert_eq!(again.problems, left.problems, "{what}: after more work");
}

#[test]
fn tenants_layers_and_counters_are_mended() {
    let patient = patient();
    for damage in [
        damage("counter", "UPDATE tenant SET bytes = bytes + 1 WHERE id = 1"),
        damage("counter", "UPDATE tenant SET bytes = 0, inodes = 0, layers = 0"),
        damage("counter", "UPDATE tenant SET next_ino = 3 WHERE id = 1"),
        damage("counter", "UPDATE tenant SET next_seq = 1 WHERE id = 1"),
        damage(
            "counter",
            "UPDATE tenant SET next_seq = next_seq + 7 WHERE id = 1",
        ),
        damage("layer", "UPDATE tenant SET head = 1, current = 1 WHERE id = 1"),
        damage("layer", "UPDATE tenant SET current = 99 WHERE id = 1"),
        damage("tenant", "UPDATE tenant SET secret = x'0102' WHERE id = 1"),
        damage("tenant", "DELETE FROM tenant WHERE name = 'two'"),
        damage("tag", "UPDATE tag SET layer = 77"),
        damage("tag", "DELETE FROM layer WHERE tenant = 1 AND id = 1"),
        damage("counter", "DELETE FROM layer WHERE tenant = 1 AND id = 2"),
        damage("log", "DELETE FROM log WHERE tenant = 1 AND seq IN (3, 5, 6)"),
        damage(
            "log",
            "UPDATE log SET operation = 99 WHERE tenant = 1 AND seq = 4",
        ),
        damage(
            "log",
            "UPDATE log SET seq = 1099511627776 WHERE tenant = 1 AND seq = 8",
        ),
        damage("segment", "UPDATE tenant SET segment_len = 17 WHERE id = 1"),
        damage("segment", "UPDATE tenant SET segment = 0 WHERE id = 1"),
        damage("counter", "UPDATE segment SET live = live - 5"),
        damage("counter", "DELETE FROM segment"),
        damage("counter", "INSERT INTO segment VALUES (1, 9, 100)"),
    ] {
        breaks(&patient, &damage, false);
    }
}

#[test]
fn lives_of_versions_are_mended() {
    let patient = patient();
    for damage in [
        damage("interval", "UPDATE inode SET born = 50 WHERE key = {small}"),
        damage("interval", "UPDATE inode SET born = 50 WHERE key = {root}"),
        damage("interval", "UPDATE inode SET born = 0 WHERE key = {large}"),
        damage("interval", "UPDATE inode SET born = 1 WHERE key = {large}"),
        damage(
            "interval",
            "UPDATE inode_past SET died = 40 WHERE key = {small} AND died = 3",
        ),
        damage("interval", "UPDATE inode_past SET born = 9 WHERE key = {small}"),
        damage("interval", "UPDATE dentry SET born = -3 WHERE dir = {root}"),
        damage("interval", "UPDATE dentry SET born = 77 WHERE dir = {sub}"),
        damage("interval", "UPDATE dentry_past SET died = 12"),
        damage("interval", "UPDATE dentry_past SET born = died"),
        damage("interval", "UPDATE chunk SET born = 5 WHERE file = {large}"),
        damage("interval", "UPDATE chunk SET born = 1 WHERE file = {large}"),
        damage("interval", "UPDATE chunk_past SET died = 30 WHERE file = {large}"),
        damage("interval", "UPDATE chunk_past SET born = 8 WHERE file = {large}"),
        damage("interval", "UPDATE xattr SET born = 1"),
        damage("interval", "UPDATE xattr_past SET died = 1000"),
        damage("interval", "UPDATE xattr_past SET born = 0"),
    ] {
        breaks(&patient, &damage, false);
    }
}

#[test]
fn inodes_are_mended() {
    let patient = patient();
    for damage in [
        damage(
            "link-count",
            "UPDATE inode SET nlink = nlink + 1 WHERE key = {small}",
        ),
        damage("link-count", "UPDATE inode SET nlink = 1 WHERE key = {large}"),
        damage("link-count", "UPDATE inode SET nlink = 7 WHERE key = {dir}"),
        damage("link-count", "UPDATE inode SET nlink = 9 WHERE key = {root}"),
        damage(
            "link-count",
            "UPDATE inode_past SET nlink = 3 WHERE key = {small}",
        ),
        damage("size", "UPDATE inode SET size = size + 32 WHERE key = {dir}"),
        damage("size", "UPDATE inode SET size = 0 WHERE key = {root}"),
        damage("size", "UPDATE inode_past SET size = 0 WHERE key = {dir}"),
        damage("size", "UPDATE inode SET size = 3 WHERE key = {small}"),
        damage("size", "UPDATE inode SET size = 1000 WHERE key = {large}"),
        damage("stored", "UPDATE inode SET stored = 1 WHERE key = {large}"),
        damage("stored", "UPDATE inode_past SET stored = 1 WHERE key = {large}"),
        damage("xattr-count", "UPDATE inode SET xattrs = 0 WHERE key = {small}"),
        damage(
            "xattr-count",
            "UPDATE inode_past SET xattrs = 9 WHERE key = {small}",
        ),
        damage("xattr-count", "DELETE FROM xattr"),
        damage("inode", "UPDATE inode SET version = -1 WHERE key = {small}"),
        damage("inode", "UPDATE inode SET version = 1 << 40 WHERE key = {small}"),
        damage("inode", "UPDATE inode SET kind = 9 WHERE key = {small}"),
        damage("inode", "UPDATE inode SET kind = 0 WHERE key = {dir}"),
        damage("inode", "UPDATE inode SET mode = 2097151 WHERE key = {small}"),
        damage("inode", "UPDATE inode SET size = -1 WHERE key = {small}"),
        damage("inode", "UPDATE inode SET nlink = -1 WHERE key = {small}"),
        damage("inode", "UPDATE inode SET parent = 0 WHERE key = {dir}"),
        damage("kind", "UPDATE inode SET kind = 2 WHERE key = {small}"),
        damage("kind", "UPDATE inode SET kind = 1 WHERE key = {dir}"),
        damage("kind", "UPDATE inode_past SET kind = 4 WHERE key = {large}"),
        damage("parent", "UPDATE inode SET parent = 1 WHERE key = {sub}"),
        damage("parent", "UPDATE inode SET cookie = cookie + 1 WHERE key = {sub}"),
        damage("parent", "UPDATE inode_past SET cookie = 0 WHERE key = {sub}"),
        damage(
            "inode",
            "UPDATE inode SET data = NULL, sum = NULL WHERE key = {dir}",
        ),
        damage(
            "checksum",
            "UPDATE inode SET (data, sum) = (SELECT data, sum FROM inode WHERE key = {small}) WHERE key = {dir}",
        ),
        damage(
            "checksum",
            "UPDATE inode SET data = CAST('x' AS BLOB) WHERE key = {dir}",
        ),
        damage("checksum", "UPDATE inode SET sum = 5 WHERE kind = 1 AND size = 0"),
        damage("reference", "DELETE FROM inode WHERE key = {dir}"),
        damage("reference", "DELETE FROM inode WHERE key = {large}"),
        damage(
            "reference",
            "DELETE FROM inode_past WHERE key = {large} AND died = 2",
        ),
        damage("reference", "DELETE FROM inode_past WHERE key = {dir}"),
        damage("tree", "DELETE FROM inode WHERE key = {root}"),
        damage("tree", "UPDATE inode SET kind = 1 WHERE key = {root}"),
        damage("tree", "UPDATE inode SET parent = 2 WHERE key = {root}"),
    ] {
        breaks(&patient, &damage, false);
    }
}

#[test]
fn names_and_the_tree_are_mended() {
    let patient = patient();
    for damage in [
        damage("orphan", "DELETE FROM dentry WHERE ino = 3"),
        damage("orphan", "DELETE FROM dentry WHERE ino = 2"),
        damage("orphan", "DELETE FROM dentry WHERE ino IN (2, 3, 4, 6)"),
        damage("orphan", "INSERT INTO orphan VALUES ({small})"),
        damage("orphan", "INSERT INTO orphan VALUES ({missing})"),
        damage(
            "orphan",
            "UPDATE inode SET nlink = 0 WHERE key = {small}; DELETE FROM dentry WHERE ino = 3",
        ),
        damage(
            "name",
            "UPDATE dentry SET name = CAST('a/b' AS BLOB) WHERE ino = 3",
        ),
        damage("name", "UPDATE dentry SET name = x'' WHERE ino = 2"),
        damage(
            "name",
            "UPDATE dentry SET name = CAST('..' AS BLOB) WHERE ino = 6",
        ),
        damage("name", "UPDATE dentry SET name = zeroblob(300) WHERE ino = 4"),
        damage("name", "UPDATE dentry_past SET name = x'00'"),
        damage(
            "name",
            "INSERT INTO dentry SELECT dir, cookie + 1, born, 4, 1, name FROM dentry WHERE ino = 3",
        ),
        damage("cookie", "UPDATE dentry SET cookie = cookie + 512 WHERE ino = 3"),
        damage("cookie", "UPDATE dentry SET cookie = cookie + 512 WHERE ino = 2"),
        damage(
            "cookie",
            "UPDATE dentry SET name = CAST('other' AS BLOB) WHERE ino = 6",
        ),
        damage("cookie", "UPDATE dentry_past SET cookie = cookie + 512"),
        damage("kind", "UPDATE dentry SET kind = 1 WHERE ino = 2"),
        damage("kind", "UPDATE dentry SET kind = 2 WHERE ino = 3"),
        damage("kind", "UPDATE dentry_past SET kind = 3 WHERE kind = 1"),
        damage("reference", "UPDATE dentry SET ino = 999 WHERE ino = 3"),
        damage(
            "reference",
            "INSERT INTO dentry VALUES ({small}, 256, 3, 4, 1, CAST('x' AS BLOB))",
        ),
        damage(
            "reference",
            "INSERT INTO dentry VALUES ({missing}, 256, 3, 4, 1, CAST('x' AS BLOB))",
        ),
        damage("reference", "UPDATE dentry_past SET ino = 888"),
        damage("tree", "UPDATE dentry SET ino = 2, kind = 2 WHERE ino = 3"),
        damage("tree", "UPDATE dentry SET ino = 1, kind = 2 WHERE ino = 3"),
        damage(
            "tree",
            "UPDATE dentry SET dir = {sub} WHERE ino = 2; UPDATE inode SET parent = 6 WHERE key = {dir}",
        ),
        damage(
            "tree",
            "UPDATE dentry SET dir = {dir} WHERE ino = 2; UPDATE inode SET parent = 2 WHERE key = {dir}",
        ),
    ] {
        breaks(&patient, &damage, false);
    }
}

#[test]
fn chunks_and_blocks_are_mended() {
    let patient = patient();
    for damage in [
        damage("refs", "UPDATE block SET refs = refs + 1"),
        damage("refs", "UPDATE block SET refs = 0"),
        damage("refs", "DELETE FROM chunk WHERE file = {large} AND idx = 0"),
        damage(
            "map",
            "UPDATE chunk SET idx = 1000 WHERE file = {large} AND idx = 2",
        ),
        damage(
            "map",
            "INSERT INTO chunk SELECT {small}, 0, 3, map FROM chunk WHERE file = {large} AND idx = 0",
        ),
        damage(
            "map",
            "UPDATE chunk SET idx = -5 WHERE file = {large} AND idx = 2",
        ),
        damage("map", "UPDATE block SET len = 100 WHERE len > 1000"),
        damage("block-hash", "UPDATE block SET len = len + 1 WHERE len < 50000"),
        damage(
            "reference",
            "UPDATE chunk SET file = {missing} WHERE file = {large}",
        ),
        damage("reference", "UPDATE xattr SET key = {missing}"),
    ] {
        // A chunk that lost its place may leave its file with a hole; its bytes are still there.
        let moved = damage.sql.contains("idx") || damage.sql.contains("missing");
        if moved {
            let place = patient.copy();
            place.sql().execute_batch(&resolve(damage.sql)).unwrap();
            mends(&place, damage.sql, damage.word, false);
        } else {
            breaks(&patient, &damage, false);
        }
    }
}

#[test]
fn content_that_is_lost_stays_reported_and_is_never_read_as_zeros() {
    let patient = patient();
    for damage in [
        damage("reference", "DELETE FROM block"),
        damage(
            "map",
            "UPDATE chunk SET map = substr(map, 1, 60) WHERE file = {large}",
        ),
        damage(
            "map",
            "UPDATE chunk SET map = x'' WHERE file = {large} AND idx = 1",
        ),
        damage("map", "UPDATE chunk_past SET map = zeroblob(44)"),
        damage("block-hash", "UPDATE block SET offset = offset + 1"),
        damage("block-place", "UPDATE block SET offset = -1"),
        damage("block-place", "UPDATE block SET segment = 12"),
        damage(
            "checksum",
            "UPDATE inode SET data = CAST('hellO!' AS BLOB) WHERE key = {small}",
        ),
        damage(
            "checksum",
            "UPDATE inode_past SET sum = sum + 1 WHERE key = {small}",
        ),
        damage("checksum", "UPDATE inode SET sum = NULL WHERE kind = 3"),
        damage("inode", "UPDATE inode SET data = NULL, sum = NULL WHERE kind = 3"),
    ] {
        breaks(&patient, &damage, true);
    }
}

/// Breaks the files beside the database, and answers the place with a repaired copy.
fn with_broken_segment(word: &str, f: impl FnOnce(&std::path::Path)) -> Place {
    let place = patient();
    f(&place.segment(1));
    mends(&place, "the segment file", word, true);
    place
}

#[test]
fn a_flipped_bit_in_a_segment_is_found_set_aside_and_healed_by_writing_again() {
    let place = with_broken_segment("block-hash", |segment| {
        let mut bytes = std::fs::read(segment).unwrap();
        bytes[100_000] ^= 4;
        std::fs::write(segment, bytes).unwrap();
    });
    let db = place.open();
    let s = tenant(&db, "one");
    let mut buffer = vec![0; 300_000];
    let read = block_on(s.read(View::Current, Ino(LARGE), 0, &mut buffer, Access::Quiet));
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Corrupt);
    let aside = snapshot(&s, View::Current);
    assert!(
        aside.iter().any(|line| line.starts_with("/lost+found/block-")),
        "{aside:?}"
    );
    // The first chunk as it was in the first layer.
    let chunk = &content(1, 300_000)[..131_072];
    let file = block_on(s.lookup(View::Current, Ino::ROOT, b"afterwards")).unwrap();
    block_on(s.write(&me(), file.ino, WriteAt::Offset(0), chunk, false)).unwrap();
    block_on(s.flush()).unwrap();
    assert_clean(&db, "written again");
    block_on(s.read(View::Current, Ino(LARGE), 0, &mut buffer, Access::Quiet)).unwrap();
}

#[test]
fn a_segment_that_is_cut_off_or_gone_is_found() {
    with_broken_segment("block-place", |segment| {
        std::fs::File::options()
            .write(true)
            .open(segment)
            .unwrap()
            .set_len(50_000)
            .unwrap();
    });
    with_broken_segment("block-place", |segment| std::fs::remove_file(segment).unwrap());
}

#[test]
fn a_file_with_lost_content_can_be_written_cut_and_removed() {
    let place = with_broken_segment("block-place", |segment| std::fs::remove_file(segment).unwrap());
    let db = place.open();
    let s = tenant(&db, "one");
    // A write into the middle of what is lost keeps the rest an error, and must not fail itself.
    for i in 0..60 {
        block_on(s.write(&me(), Ino(LARGE), WriteAt::Offset(i * 2_000), &[1; 1_000], false)).unwrap();
    }
    block_on(s.sync()).unwrap();
    let mut buffer = [0; 1_000];
    block_on(s.read(View::Current, Ino(LARGE), 4_000, &mut buffer, Access::Quiet)).unwrap();
    assert_eq!(buffer, [1; 1_000]);
    let lost = block_on(s.read(View::Current, Ino(LARGE), 3_000, &mut buffer, Access::Quiet));
    assert_eq!(lost.unwrap_err().kind(), ErrorKind::Corrupt);
    block_on(s.set_attr(
        &me(),
        Ino(LARGE),
        &SetAttr {
            size: Some(10),
            ..SetAttr::default()
        },
    ))
    .unwrap();
    block_on(s.set_attr(
        &me(),
        Ino(LARGE),
        &SetAttr {
            size: Some(0),
            ..SetAttr::default()
        },
    ))
    .unwrap();
    block_on(s.flush()).unwrap();
    let left = check(&db);
    assert!(
        left.problems.iter().all(|p| p.invariant == "block-hash"),
        "{}",
        lines(&left.problems)
    );
}

#[test]
fn what_a_repair_set_aside_is_described_and_logged() {
    let place = patient();
    place
        .sql()
        .execute_batch("UPDATE dentry SET ino = 999 WHERE ino = 3")
        .unwrap();
    let db = place.open();
    repair(&db);
    let s = tenant(&db, "one");
    let lost = block_on(s.lookup(View::Current, Ino::ROOT, b"lost+found")).unwrap();
    let names: Vec<String> = block_on(s.list(View::Current, lost.ino, Cookie(0), 100))
        .unwrap()
        .into_iter()
        .map(|entry| String::from_utf8(entry.name).unwrap())
        .collect();
    assert!(names.contains(&"#3".to_owned()), "{names:?}");
    let note = names.iter().find(|name| name.ends_with(".txt")).unwrap();
    let note = block_on(s.lookup(View::Current, lost.ino, note.as_bytes())).unwrap();
    let mut text = vec![0; note.size as usize];
    block_on(s.read(View::Current, note.ino, 0, &mut text, Access::Quiet)).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("ino=999") && text.contains("small"), "{text}");
    let query = LogQuery {
        operation: Some(Operation::Maintenance),
        ..LogQuery::default()
    };
    assert_eq!(block_on(s.log(&query)).unwrap().len(), 1);
}

#[test]
fn sealed_layers_stay_as_they_are_when_the_head_is_repaired() {
    let place = patient();
    let before = {
        let s = tenant(&place.open(), "one");
        [1, 2].map(|layer| snapshot(&s, View::Layer(LayerId(layer))))
    };
    // Both files were last changed in the layer being written.
    let sql = "DELETE FROM dentry WHERE ino = 6; UPDATE inode SET nlink = 5 WHERE key = {small}";
    place.sql().execute_batch(&resolve(sql)).unwrap();
    let db = place.open();
    repair(&db);
    assert_clean(&db, "repaired");
    let s = tenant(&db, "one");
    let after = [1, 2].map(|layer| snapshot(&s, View::Layer(LayerId(layer))));
    assert_eq!(before, after);
}

#[test]
fn damage_to_the_engine_itself_is_reported_and_an_index_is_built_anew() {
    let place = patient();
    let sql = "PRAGMA writable_schema = ON; \
               UPDATE sqlite_schema SET sql = 'CREATE INDEX inode_born ON inode(key >> 44, born) WHERE born > 0' WHERE name = 'inode_born'";
    place.sql().execute_batch(sql).unwrap();
    mends(&place, "an index that lacks rows", "engine", false);
}

#[test]
fn what_one_tenant_has_lost_hides_nothing_of_another() {
    let place = Place::new();
    let db = place.open();
    for name in ["one", "two"] {
        let s = tenant(&db, name);
        let file = block_on(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File, b""))).unwrap();
        let content = tarbox_store::conformance::bytes(5, 300_000);
        block_on(s.write(&me(), file.ino, WriteAt::End, &content, false)).unwrap();
    }
    db.close().unwrap();
    let mut told = Vec::new();
    for number in [1, 2] {
        let damage = format!("UPDATE block SET offset = offset + 1 WHERE tenant = {number}");
        place.sql().execute_batch(&damage).unwrap();
        told = repair(&place.open()).problems;
    }
    // Both have lost the same block of the same file, so the words are the same.
    let lost = |tenant: &str| {
        let left = told.iter().filter(|p| p.tenant == tenant && !p.repaired);
        left.map(|p| p.what.as_str()).collect::<Vec<_>>()
    };
    assert!(!lost("one").is_empty(), "{}", lines(&told));
    assert_eq!(lost("one"), lost("two"), "{}", lines(&told));
}

#[test]
fn what_was_mended_is_at_another_version() {
    let place = patient();
    let last = block_on(tenant(&place.open(), "one").last_seq()).unwrap();
    let damage = "UPDATE inode SET nlink = 7 WHERE key = {small}";
    place.sql().execute_batch(&resolve(damage)).unwrap();
    mends(&place, damage, "link-count", false);
    let store = tenant(&place.open(), "one");
    let version = block_on(store.attr(View::Current, Ino(SMALL))).unwrap().version;
    assert!(version > last, "whoever has seen it looks again");
    assert!(version <= block_on(store.last_seq()).unwrap());
}
