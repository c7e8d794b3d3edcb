//! What is done.

use proptest::prelude::*;
use proptest::sample::select;
use tarbox_store::RenameMode;

/// A path of one to three short names.
pub(crate) type Path = &'static str;

/// Root, or the ordinary user 1.
pub(crate) type User = u32;

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// A step that files know.
    File(User, FileStep),
    /// A step that history knows; by root.
    Layer(LayerStep),
    /// Makes what is in memory be on the device.
    Sync,
    Gc,
    /// Closes everything and opens the database again.
    Reopen,
}

#[derive(Debug, Clone)]
pub(crate) enum FileStep {
    Mkdir(Path),
    /// `open(O_CREAT | O_EXCL)`
    Create(Path, u32),
    /// `open(O_CREAT)`, then a write.
    Write(Path, u64, usize),
    Append(Path, usize),
    Truncate(Path, u64),
    Punch(Path, u64, u64),
    Read(Path),
    Stat(Path),
    List(Path),
    Unlink(Path),
    Rmdir(Path),
    Rename(Path, Path, RenameMode),
    Link(Path, Path),
    Symlink(&'static str, Path),
    Chmod(Path, u32),
    Chown(Path, u32),
    SetXattr(Path, &'static str, u8),
    RemoveXattr(Path, &'static str),
    CopyRange(Path, u64, Path, u64, u64),
    RemoveAll(Path),
    /// Opens for reading and writing.
    Open(Path),
    /// These work on the n-th open handle, if there is one.
    WriteHandle(usize, u64, usize),
    ReadHandle(usize, u64, usize),
    CloseHandle(usize),
}

#[derive(Debug, Clone)]
pub(crate) enum LayerStep {
    Checkpoint,
    /// To the n-th sealed layer.
    Switch(usize),
    SwitchToHead,
    /// Makes a layer in the past, with the confirmation.
    Discard,
    Drop(usize),
    Squash(usize, usize),
}

const PATHS: [Path; 18] = [
    "/a", "/b", "/c", "/d", "/a/a", "/a/b", "/a/c", "/b/a", "/b/b", "/b/c", "/c/a", "/a/a/a", "/a/a/b",
    "/a/b/a", "/a/b/c", "/b/a/a", "/b/b/b", "/c/a/b",
];

const TARGETS: [&str; 9] = ["a", "/b", "../a", "b/a", "..", "/", "/a/b", "c", "nowhere"];

const MODES: [u32; 9] = [0o755, 0o777, 0o1777, 0o700, 0o755, 0o000, 0o777, 0o666, 0o2775];

/// Around the edges of what is kept inline, of chunks and of blocks.
const OFFSETS: [u64; 9] = [0, 1, 100, 1_899, 1_900, 4_096, 131_071, 131_072, 270_000];
const LENGTHS: [usize; 8] = [0, 1, 17, 1_900, 2_000, 4_096, 70_000, 140_000];

const DIRS: [Path; 6] = ["/a", "/b", "/a/a", "/b/b", "/a", "/d"];
const FILES: [Path; 9] = [
    "/c", "/a/b", "/a/c", "/b/a", "/b/c", "/a/a/a", "/a/a/b", "/b/b/b", "/d",
];

fn any_path() -> impl Strategy<Value = Path> {
    // Shallow paths more often: they are where collisions happen.
    prop_oneof![2 => select(&PATHS[..4]), 2 => select(&PATHS[4..11]), 1 => select(&PATHS[11..])]
}

/// Where mostly files are.
fn file() -> impl Strategy<Value = Path> {
    prop_oneof![4 => select(&FILES[..]), 1 => any_path()]
}

/// Where mostly directories are.
fn dir() -> impl Strategy<Value = Path> {
    prop_oneof![3 => select(&DIRS[..]), 1 => any_path()]
}

fn path() -> impl Strategy<Value = Path> {
    prop_oneof![1 => any_path(), 1 => file(), 1 => dir()]
}

fn offset() -> impl Strategy<Value = u64> {
    prop_oneof![3 => select(&OFFSETS[..]), 1 => 0..300_000u64]
}

fn len() -> impl Strategy<Value = usize> {
    prop_oneof![3 => select(&LENGTHS[..]), 1 => 0..5_000usize]
}

fn file_step() -> impl Strategy<Value = FileStep> {
    use FileStep::*;
    let name = || select(&["user.a", "user.b"][..]);
    let rename = select(
        &[
            RenameMode::Replace,
            RenameMode::Replace,
            RenameMode::NoReplace,
            RenameMode::Exchange,
        ][..],
    );
    prop_oneof![
        5 => dir().prop_map(Mkdir),
        3 => (path(), select(&MODES[..])).prop_map(|(p, m)| Create(p, m)),
        8 => (file(), offset(), len()).prop_map(|(p, o, l)| Write(p, o, l)),
        3 => (file(), len()).prop_map(|(p, l)| Append(p, l)),
        3 => (file(), offset()).prop_map(|(p, o)| Truncate(p, o)),
        2 => (file(), offset(), offset()).prop_map(|(p, o, l)| Punch(p, o, l + 1)),
        4 => file().prop_map(Read),
        2 => path().prop_map(Stat),
        2 => dir().prop_map(List),
        4 => file().prop_map(Unlink),
        3 => dir().prop_map(Rmdir),
        4 => (path(), path(), rename.clone()).prop_map(|(p, q, m)| Rename(p, q, m)),
        3 => (dir(), dir(), rename.clone()).prop_map(|(p, q, m)| Rename(p, q, m)),
        4 => (file(), file(), rename).prop_map(|(p, q, m)| Rename(p, q, m)),
        5 => (file(), file()).prop_map(|(p, q)| Link(p, q)),
        3 => (select(&TARGETS[..]), path()).prop_map(|(t, p)| Symlink(t, p)),
        3 => (path(), select(&MODES[..])).prop_map(|(p, m)| Chmod(p, m)),
        2 => (path(), 0..2u32).prop_map(|(p, u)| Chown(p, u)),
        2 => (path(), name(), any::<u8>()).prop_map(|(p, n, v)| SetXattr(p, n, v)),
        2 => (path(), name()).prop_map(|(p, n)| RemoveXattr(p, n)),
        5 => (file(), offset(), file(), offset(), offset()).prop_map(|(p, o, q, r, l)| CopyRange(p, o, q, r, l + 1)),
        1 => path().prop_map(RemoveAll),
        3 => file().prop_map(Open),
        3 => (0..4usize, offset(), len()).prop_map(|(h, o, l)| WriteHandle(h, o, l)),
        3 => (0..4usize, offset(), len()).prop_map(|(h, o, l)| ReadHandle(h, o, l)),
        2 => (0..4usize).prop_map(CloseHandle),
    ]
}

fn layer_step() -> impl Strategy<Value = LayerStep> {
    use LayerStep::*;
    prop_oneof![
        6 => Just(Checkpoint),
        3 => (0..6usize).prop_map(Switch),
        5 => Just(SwitchToHead),
        1 => Just(Discard),
        2 => (0..6usize).prop_map(Drop),
        1 => (0..6usize, 0..6usize).prop_map(|(a, b)| Squash(a, b)),
    ]
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        40 => (prop_oneof![3 => Just(0), 1 => Just(1)], file_step()).prop_map(|(u, s)| Operation::File(u, s)),
        5 => layer_step().prop_map(Operation::Layer),
        2 => Just(Operation::Sync),
        1 => Just(Operation::Gc),
        1 => Just(Operation::Reopen),
    ]
}

/// A small tree to begin with: in an empty one most steps fail.
pub(crate) fn beginning() -> Vec<Operation> {
    use FileStep::*;
    let steps = [
        Mkdir("/a"),
        Mkdir("/a/a"),
        Mkdir("/b"),
        Mkdir("/b/b"),
        Chmod("/b", 0o777),
        Write("/c", 0, 140_000),
        Write("/a/b", 0, 200),
        Write("/b/a", 0, 2_000),
        Write("/a/a/a", 4_096, 10),
        Symlink("a", "/d"),
    ];
    steps.map(|step| Operation::File(0, step)).into()
}
