//! Random archives, unpacked by GNU tar, by bsdtar and by us, and everything compared.
//!
//! Each entry has to be as one of the others has it, and where both are content, or both are not, so are we. A failure
//! names its seed; `TARBOX_SEED=N` runs that one alone and shows what each of them made of it. `TARBOX_LONG=1` runs many more.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use support::listing::{Listing, Seen, of_host};
use support::ours::{Ours, Outcome};
use support::random::{Random, archive};
use tarbox_tar::Collision;

/// How one of the others unpacked an archive.
struct Other {
    listing: Listing,
    is_ok: bool,
    said: String,
}

fn other(program: &str, file: &Path, into: &Path) -> Other {
    std::fs::create_dir(into).unwrap();
    let Output { status, stderr, .. } = Command::new(program)
        .args(["--numeric-owner", "-x", "-p", "-f"])
        .arg(file)
        .arg("-C")
        .arg(into)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|e| panic!("{program} cannot be run ({e}); 'cargo xtask setup' installs it"));
    let listing = of_host(into);
    Other {
        listing,
        is_ok: status.success(),
        said: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// What is not as either of the others has it.
fn differences(random: &Random, ours: (&Listing, &Outcome), gnu: &Other, bsd: &Other) -> Vec<String> {
    let (listing, outcome) = ours;
    // The others remove what a link is to replace before they find that it cannot be made.
    if outcome.text().contains("a directory can have only one name") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let paths: BTreeSet<&Vec<u8>> = listing
        .keys()
        .chain(gnu.listing.keys())
        .chain(bsd.listing.keys())
        .collect();
    for path in paths {
        let (we, gnu, bsd) = (listing.get(path), gnu.listing.get(path), bsd.listing.get(path));
        if !agrees(we, gnu, bsd) {
            found.push(format!(
                "{}\n   ours {}\n   GNU  {}\n   bsd  {}",
                path.escape_ascii(),
                short(we),
                short(gnu),
                short(bsd)
            ));
        }
    }
    // The others leave what they have of a file that is cut off; with us it goes.
    if random.is_cut && outcome.is_fatal() && found.len() < 3 {
        found.clear();
    }
    // Where much is wrong, both may fail for reasons of their own.
    let is_clear = gnu.is_ok || random.is_simple;
    if is_clear && gnu.is_ok == bsd.is_ok && gnu.is_ok != outcome.is_ok() {
        found.push(format!("both say {}, we say {}", gnu.is_ok, outcome.is_ok()));
    }
    found
}

/// Whether each thing there is to say of an entry is as one of the others has it.
fn agrees(we: Option<&Seen>, gnu: Option<&Seen>, bsd: Option<&Seen>) -> bool {
    let Some(we) = we else {
        return gnu.is_none() || bsd.is_none();
    };
    let others = [gnu, bsd].map(|other| other.filter(|other| other.kind == we.kind));
    let any = |same: fn(&Seen, &Seen) -> bool| others.iter().flatten().any(|other| same(we, other));
    // Where only one has it, the other may still be the one to follow for what a global header says.
    if others.iter().flatten().count() == 1 {
        return any(|we, other| we.content == other.content && we.same_as == other.same_as);
    }
    any(|we, other| we.content == other.content && we.same_as == other.same_as)
        && any(|we, other| we.mode == other.mode)
        && any(|we, other| we.owner.0 == other.owner.0)
        && any(|we, other| we.owner.1 == other.owner.1)
        // What is put into a directory later changes its time with the others.
        && any(|we, other| we.mtime == other.mtime || we.kind == 'd' && other.mtime.is_none())
}

fn short(seen: Option<&Seen>) -> String {
    let Some(seen) = seen else { return "-".to_owned() };
    let start = &seen.content[..seen.content.len().min(12)];
    let same = seen.same_as.as_ref().map(|p| p.escape_ascii().to_string());
    format!(
        "{} {:04o} {:?} {:?} {} bytes '{}' {same:?}",
        seen.kind,
        seen.mode,
        seen.owner,
        seen.mtime,
        seen.content.len(),
        start.escape_ascii(),
    )
}

fn check(seed: u64, show: bool) -> Result<(), String> {
    let random = archive(seed);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.tar");
    std::fs::write(&file, &random.bytes).unwrap();
    let gnu = other("tar", &file, &dir.path().join("gnu"));
    let bsd = other("bsdtar", &file, &dir.path().join("bsd"));
    let ours = Ours::new();
    let piece = if seed.is_multiple_of(2) {
        1 << 20
    } else {
        1 + seed as usize % 700
    };
    let outcome = ours.unpack("/t", &random.bytes, piece, Collision::Refuse);
    let listing = ours.listing("/t");
    let found = differences(&random, (&listing, &outcome), &gnu, &bsd);
    if show {
        std::fs::write(std::env::temp_dir().join(format!("{seed}.tar")), &random.bytes).unwrap();
    }
    if found.is_empty() && !show {
        return Ok(());
    }
    Err(format!(
        "seed {seed}:\n{}\n-- ours says\n{}\n-- GNU tar says ({})\n{}-- bsdtar says ({})\n{}",
        found.join("\n"),
        outcome.text(),
        gnu.is_ok,
        gnu.said,
        bsd.is_ok,
        bsd.said
    ))
}

#[test]
fn random_archives_are_unpacked_as_others_do() {
    let seed = std::env::var("TARBOX_SEED")
        .ok()
        .map(|seed| seed.parse().expect("a number"));
    if let Some(seed) = seed {
        let told = check(seed, true);
        panic!("{}", told.err().unwrap_or_default());
    }
    let count = match (
        std::env::var("TARBOX_SEEDS").ok(),
        std::env::var_os("TARBOX_LONG"),
    ) {
        (Some(count), _) => count.parse().expect("a number"),
        (None, Some(_)) => 50_000,
        (None, None) => 300,
    };
    let failures: Vec<String> = (0..count)
        .filter_map(|seed| check(seed, false).err())
        .take(12)
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
