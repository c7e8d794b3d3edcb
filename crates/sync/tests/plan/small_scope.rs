//! Every pair of histories of at most two operations on trees of four names, pushed in either order.

use std::collections::BTreeSet;

use tarbox_sync::Digest;

use crate::model::{Machine, Replica, three};

const FILES: [&str; 4] = ["a", "d/a", "d/b", "e/a"];
const PLACES: [&str; 8] = ["a", "b", "d", "e", "d/a", "d/b", "e/a", "e/d"];

#[derive(Debug, Clone, Copy)]
enum Op {
    Write(&'static str),
    Save(&'static str),
    Mkdir(&'static str),
    Remove(&'static str),
    Rename(&'static str, &'static str),
    Link(&'static str, &'static str),
    Chmod(&'static str),
}

/// A machine with the contents that nobody who had seen them replaced or removed.
#[derive(Clone)]
struct Worker {
    machine: Machine,
    written: BTreeSet<Digest>,
    gone: BTreeSet<Digest>,
}

impl Worker {
    /// Does it, if that is possible.
    fn work(&mut self, op: Op, who: &str, number: usize) -> bool {
        let before = self.machine.contents();
        let text = format!("{who}{number}");
        let done = match op {
            Op::Write(path) => self.machine.write(path, &text),
            Op::Save(path) => self.machine.save(path, &text),
            Op::Mkdir(path) => self.machine.mkdir(path),
            Op::Remove(path) => self.machine.remove(path),
            Op::Rename(from, to) => self.machine.rename(from, to),
            Op::Link(from, to) => self.machine.link(from, to),
            Op::Chmod(path) => self.machine.chmod(path, 0o700 + number as u32),
        };
        let after = self.machine.contents();
        self.written.extend(after.difference(&before));
        self.gone.extend(before.difference(&after));
        done.is_some()
    }
}

fn ops(links: bool) -> Vec<Op> {
    let mut ops = Vec::new();
    for path in FILES {
        ops.extend([Op::Write(path), Op::Save(path)]);
    }
    for from in PLACES {
        ops.extend([Op::Remove(from), Op::Mkdir(from), Op::Chmod(from)]);
        ops.extend(PLACES.iter().map(|to| Op::Rename(from, to)));
        if links {
            ops.extend(PLACES.iter().map(|to| Op::Link(from, to)));
        }
    }
    ops
}

/// Every history of at most `len` operations that are possible one after the other.
fn histories(start: &Machine, who: &str, len: usize) -> Vec<(Vec<Op>, Worker)> {
    let first = Worker {
        machine: start.clone(),
        written: start.contents(),
        gone: BTreeSet::new(),
    };
    let mut all = vec![(Vec::new(), first)];
    let mut from = 0;
    for number in 0..len {
        let end = all.len();
        for at in from..end {
            for op in ops(number == 0) {
                let (mut did, mut worker) = all[at].clone();
                if worker.work(op, who, number) {
                    did.push(op);
                    all.push((did, worker));
                }
            }
        }
        from = end;
    }
    all
}

fn trees() -> [fn(&mut Machine); 2] {
    [
        |m| {
            m.write("a", "0");
            m.write("b", "1");
            m.mkdir("d");
            m.write("d/a", "2");
        },
        |m| {
            m.mkdir("d");
            m.mkdir("e");
            m.write("d/a", "0");
            m.write("e/a", "1");
        },
    ]
}

/// Says which case it was if anything fails in it.
struct Case<'a>(&'a [Op], &'a [Op], bool);

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("a did {:?}, b did {:?}, a is first: {}", self.0, self.1, self.2);
        }
    }
}

/// Both orders of pushing, until nothing is left to do.
fn check(server: &Machine, a: &Replica, b: &Replica, did: (&[Op], &[Op]), one: &Worker, two: &Worker) {
    for first_is_a in [true, false] {
        let mut server = server.clone();
        let _case = Case(did.0, did.1, first_is_a);
        let (mut x, mut y) = (a.clone(), b.clone());
        (x.machine, y.machine) = (one.machine.clone(), two.machine.clone());
        if !first_is_a {
            std::mem::swap(&mut x, &mut y);
        }
        x.meet(&mut server);
        y.meet(&mut server);
        x.meet(&mut server);
        let seen = server.seen();
        assert_eq!(x.machine.seen(), seen);
        assert_eq!(y.machine.seen(), seen);
        assert_eq!(x.meet(&mut server).1, 0);
        assert_eq!(y.meet(&mut server).1, 0);
        let kept = server.contents();
        for digest in one.written.union(&two.written) {
            let is_gone = one.gone.contains(digest) || two.gone.contains(digest);
            assert!(is_gone || kept.contains(digest), "a content is lost");
        }
    }
}

#[test]
fn every_pair_of_short_histories_converges_and_loses_nothing() {
    let long = std::env::var_os("TARBOX_SYNC_LONG").is_some();
    let mut cases = 0_u64;
    for make in trees() {
        let (server, a, b) = three(make);
        let of_a = histories(&a.machine, "a", 2);
        let of_b = histories(&b.machine, "b", 2);
        for (i, (did_a, one)) in of_a.iter().enumerate() {
            for (j, (did_b, two)) in of_b.iter().enumerate() {
                // Of the longer ones there are millions: without more time, some of all kinds.
                let is_large = did_a.len() + did_b.len() > 2;
                if is_large && !long && (i * 31 + j) % 199 != 0 {
                    continue;
                }
                check(&server, &a, &b, (did_a, did_b), one, two);
                cases += 2;
            }
        }
    }
    println!("{cases} cases");
    assert!(cases > 5_000, "{cases} cases are too few to be all");
}
