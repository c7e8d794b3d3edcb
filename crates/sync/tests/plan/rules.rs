//! What becomes of each kind of conflict.

use tarbox_sync::{ConflictKind, Digest};

use crate::model::{Machine, Replica, Seen, known, three};

/// Two replicas change the same tree, the first meets the server before the second does; answers what all three end with, and what
/// the second was told.
fn both(
    make: impl Fn(&mut Machine),
    first: impl Fn(&mut Machine),
    second: impl Fn(&mut Machine),
) -> (Seen, Vec<tarbox_sync::Conflict>) {
    let (mut server, mut a, mut b) = three(make);
    first(&mut a.machine);
    second(&mut b.machine);
    a.meet(&mut server);
    let told = b.meet(&mut server).0;
    a.meet(&mut server);
    for replica in [&mut a, &mut b] {
        assert_eq!(replica.machine.seen(), server.seen());
        assert_eq!(replica.meet(&mut server), (vec![], 0), "nothing is left to do");
    }
    (server.seen(), told)
}

/// What a history does is possible.
fn done(did: Option<()>) {
    did.expect("the history is possible");
}

fn paths(seen: &Seen) -> Vec<String> {
    seen.keys()
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect()
}

fn copy(stem: &str, text: &str, extension: &str) -> String {
    format!(
        "{stem}.conflict-{}{extension}",
        Digest::of(text.as_bytes()).short()
    )
}

fn file(m: &mut Machine) {
    m.write("f.txt", "old");
}

#[test]
fn both_changed_to_the_same_content_is_no_conflict() {
    let write = |m: &mut Machine| done(m.write("f.txt", "new"));
    let (seen, told) = both(file, write, write);
    assert_eq!(paths(&seen), ["/f.txt"]);
    assert_eq!(told, []);
}

#[test]
fn attributes_are_merged_by_field_and_never_a_copy() {
    let (seen, told) = both(
        file,
        |m| done(m.chmod("f.txt", 0o600)),
        |m| done(m.xattr("f.txt", "user.k", "v")),
    );
    assert_eq!(paths(&seen), ["/f.txt"]);
    assert_eq!(seen[&b"/f.txt"[..]].1, 0o600);
    assert_eq!(told, []);
    // The content of one with the mode of the other.
    let (seen, _) = both(
        file,
        |m| done(m.chmod("f.txt", 0o600)),
        |m| done(m.write("f.txt", "new")),
    );
    assert_eq!(
        (seen[&b"/f.txt"[..]].1, seen[&b"/f.txt"[..]].2),
        (0o600, known("new"))
    );
}

#[test]
fn both_changed_differently_keeps_both_and_the_server_keeps_the_name() {
    let (seen, told) = both(
        file,
        |m| done(m.write("f.txt", "first")),
        |m| done(m.write("f.txt", "second")),
    );
    let kept = copy("/f", "second", ".txt");
    assert_eq!(paths(&seen), [kept.clone(), "/f.txt".into()]);
    assert_eq!(seen[&b"/f.txt"[..]].2, known("first"));
    assert_eq!(seen[kept.as_bytes()].2, known("second"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].kind, &told[0].path[..]),
        (ConflictKind::Content, &b"/f.txt"[..])
    );
    assert_eq!(told[0].copy.as_deref(), Some(kept.as_bytes()));
}

#[test]
fn a_file_that_an_editor_replaced_is_the_same_file() {
    let (seen, told) = both(
        file,
        |m| done(m.save("f.txt", "new")),
        |m| done(m.chmod("f.txt", 0o600)),
    );
    assert_eq!(paths(&seen), ["/f.txt"]);
    assert_eq!(
        (seen[&b"/f.txt"[..]].1, seen[&b"/f.txt"[..]].2),
        (0o600, known("new"))
    );
    assert_eq!(told, []);
    let (seen, told) = both(
        file,
        |m| done(m.save("f.txt", "first")),
        |m| done(m.save("f.txt", "second")),
    );
    assert_eq!(paths(&seen), [copy("/f", "second", ".txt"), "/f.txt".into()]);
    assert_eq!(told.len(), 1);
}

#[test]
fn an_edit_survives_a_removal_with_its_parents() {
    let tree = |m: &mut Machine| {
        m.mkdir("d");
        m.mkdir("d/e");
        m.write("d/e/f", "old");
        m.write("d/g", "old");
    };
    let edit = |m: &mut Machine| done(m.write("d/e/f", "new"));
    let remove = |m: &mut Machine| {
        for path in ["d/e/f", "d/e", "d/g", "d"] {
            m.remove(path).unwrap();
        }
    };
    for (seen, told) in [both(tree, edit, remove), both(tree, remove, edit)] {
        assert_eq!(paths(&seen), ["/d", "/d/e", "/d/e/f"]);
        assert_eq!(seen[&b"/d/e/f"[..]].2, known("new"));
        assert!(
            told.iter()
                .any(|c| c.kind == ConflictKind::Deleted && c.path == b"/d/e/f"),
            "{told:?}"
        );
    }
}

#[test]
fn a_directory_that_was_removed_stays_with_a_new_child_alone() {
    let tree = |m: &mut Machine| {
        m.mkdir("d");
        m.write("d/old", "old");
    };
    let add = |m: &mut Machine| done(m.write("d/new", "new"));
    let remove = |m: &mut Machine| {
        m.remove("d/old").unwrap();
        m.remove("d").unwrap();
    };
    for (seen, _) in [both(tree, add, remove), both(tree, remove, add)] {
        assert_eq!(paths(&seen), ["/d", "/d/new"]);
    }
}

#[test]
fn of_two_moves_the_first_that_came_to_the_server_counts() {
    let (seen, told) = both(
        file,
        |m| done(m.rename("f.txt", "g")),
        |m| done(m.rename("f.txt", "h")),
    );
    assert_eq!(paths(&seen), ["/g"]);
    assert_eq!(
        (told[0].kind, &told[0].path[..]),
        (ConflictKind::Moved, &b"/g"[..])
    );
    let dir = |m: &mut Machine| {
        m.mkdir("d");
        m.write("d/f", "x");
    };
    let (seen, _) = both(dir, |m| done(m.rename("d", "e")), |m| done(m.rename("d", "c")));
    assert_eq!(paths(&seen), ["/e", "/e/f"]);
}

#[test]
fn a_move_and_an_edit_are_both_done() {
    let moved = |m: &mut Machine| done(m.rename("f.txt", "g"));
    let edited = |m: &mut Machine| done(m.write("f.txt", "new"));
    for (seen, told) in [both(file, moved, edited), both(file, edited, moved)] {
        assert_eq!(paths(&seen), ["/g"]);
        assert_eq!(seen[&b"/g"[..]].2, known("new"));
        assert_eq!(told, []);
    }
}

#[test]
fn moves_that_form_a_cycle_are_dropped_and_told() {
    let dirs = |m: &mut Machine| {
        m.mkdir("a");
        m.mkdir("b");
        m.write("a/f", "a");
        m.write("b/f", "b");
    };
    let (seen, told) = both(
        dirs,
        |m| done(m.rename("a", "b/a")),
        |m| done(m.rename("b", "a/b")),
    );
    assert_eq!(paths(&seen), ["/b", "/b/a", "/b/a/f", "/b/f"]);
    assert_eq!(told[0].kind, ConflictKind::Cycle);
}

#[test]
fn a_file_gives_way_to_a_directory_and_two_directories_are_one() {
    let nothing = |_: &mut Machine| {};
    let as_file = |m: &mut Machine| done(m.write("n", "file"));
    let as_dir = |m: &mut Machine| {
        m.mkdir("n");
        m.write("n/x", "x");
    };
    for (seen, told) in [both(nothing, as_file, as_dir), both(nothing, as_dir, as_file)] {
        assert_eq!(paths(&seen), ["/n", &copy("/n", "file", ""), "/n/x"]);
        assert_eq!(told.len(), 1, "{told:?}");
    }
    let (seen, told) = both(nothing, as_dir, |m| {
        m.mkdir("n");
        m.write("n/y", "y");
    });
    assert_eq!(paths(&seen), ["/n", "/n/x", "/n/y"]);
    assert_eq!(told, []);
}

#[test]
fn a_copy_that_is_there_already_is_connected_without_conflicts() {
    let make = |m: &mut Machine| {
        m.mkdir("d");
        m.write("d/f", "same");
        m.write("only", "here");
    };
    let mut server = Machine::new();
    make(&mut server);
    server.write("g", "theirs");
    let mut replica = Replica::new(Machine::new().starting_at(1000));
    make(&mut replica.machine);
    replica.machine.write("g", "ours");
    replica.machine.write("h", "new");
    let told = replica.meet(&mut server).0;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        paths(&server.seen()),
        ["/d", "/d/f", "/g", &copy("/g", "ours", ""), "/h", "/only"]
    );
    assert_eq!(replica.machine.seen(), server.seen());
}

#[test]
fn names_that_changed_places_do_so_everywhere() {
    let tree = |m: &mut Machine| {
        m.write("a", "a");
        m.write("b", "b");
        m.mkdir("d");
        m.mkdir("d/e");
        m.write("d/e/f", "f");
    };
    let (seen, told) = both(
        tree,
        |m| {
            m.rename("a", "t")
                .and_then(|()| m.rename("b", "a"))
                .and_then(|()| m.rename("t", "b"))
                .unwrap();
            // Parent and child.
            m.rename("d/e", "e")
                .and_then(|()| m.rename("d", "e/e"))
                .and_then(|()| m.rename("e", "d"))
                .unwrap();
        },
        |_| {},
    );
    assert_eq!(paths(&seen), ["/a", "/b", "/d", "/d/e", "/d/f"]);
    assert_eq!(seen[&b"/a"[..]].2, known("b"));
    assert_eq!(told, []);
}

#[test]
fn hard_links_stay_links() {
    let (seen, _) = both(
        file,
        |m| done(m.link("f.txt", "g")),
        |m| done(m.write("f.txt", "new")),
    );
    assert_eq!(paths(&seen), ["/f.txt", "/g"]);
    assert_eq!(seen[&b"/g"[..]], seen[&b"/f.txt"[..]]);
    assert_eq!(seen[&b"/g"[..]].2, known("new"));
}
