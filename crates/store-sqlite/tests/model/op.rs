//! What a case does, with choices as numbers: which inode is meant, only the state at that moment tells.

use proptest::prelude::*;
use tarbox_store::{Allocate, FileKind, RenameMode};

/// Chooses an inode: mostly one that is there, sometimes one that was, or never was.
pub(crate) type Pick = u16;
/// Chooses a name.
pub(crate) type Name = u8;

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Create(Pick, Name, FileKind),
    Link(Pick, Pick, Name),
    Unlink(Pick, Name),
    Rmdir(Pick, Name),
    Rename((Pick, Name), (Pick, Name), RenameMode),
    Write {
        file: Pick,
        offset: u64,
        len: usize,
        seed: u8,
    },
    Append {
        file: Pick,
        len: usize,
        seed: u8,
    },
    Truncate {
        file: Pick,
        size: u64,
    },
    Allocate {
        file: Pick,
        how: Allocate,
        offset: u64,
        len: u64,
    },
    Copy {
        from: (Pick, u64),
        to: (Pick, u64),
        len: u64,
        past: Option<u8>,
    },
    Mode(Pick, u32),
    SetXattr(Pick, Name, u16),
    RemoveXattr(Pick, Name),
    Read(Pick, u64, usize),
    Hold(Pick),
    Release(u8),
    Flush,
    Sync,
    Reopen,
    Gc,
    Checkpoint,
    Switch(Option<u8>),
    Discard,
    DropLayer(u8),
    Squash(u8, u8),
}

/// Lengths and places around which the store keeps content differently.
fn place() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0u64..200,
        2 => 1_880u64..1_920,
        2 => 0u64..6_000,
        1 => 131_000u64..131_100,
        1 => 0u64..300_000,
        1 => Just(131_072),
    ]
}

fn len() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => 0usize..100,
        2 => 100usize..2_500,
        1 => 2_500usize..20_000,
        1 => 130_900usize..140_000,
    ]
}

fn kind() -> impl Strategy<Value = FileKind> {
    prop_oneof![
        5 => Just(FileKind::File),
        3 => Just(FileKind::Directory),
        1 => Just(FileKind::Symlink),
        1 => Just(FileKind::Fifo),
    ]
}

fn how() -> impl Strategy<Value = Allocate> {
    use Allocate::*;
    prop::sample::select(vec![
        Extend,
        KeepSize,
        PunchHole,
        ZeroRange,
        ZeroKeepSize,
        Collapse,
        Insert,
    ])
}

fn mode() -> impl Strategy<Value = RenameMode> {
    use RenameMode::*;
    prop_oneof![4 => Just(Replace), 1 => Just(NoReplace), 2 => Just(Exchange)]
}

fn name() -> impl Strategy<Value = Name> {
    0u8..5
}

/// One operation; those that make something come often, those on layers seldom.
pub(crate) fn any_op() -> impl Strategy<Value = Op> {
    let pick = any::<Pick>;
    prop_oneof![
        12 => (pick(), name(), kind()).prop_map(|(d, n, k)| Op::Create(d, n, k)),
        3 => (pick(), pick(), name()).prop_map(|(i, d, n)| Op::Link(i, d, n)),
        5 => (pick(), name()).prop_map(|(d, n)| Op::Unlink(d, n)),
        2 => (pick(), name()).prop_map(|(d, n)| Op::Rmdir(d, n)),
        7 => (pick(), name(), pick(), name(), mode()).prop_map(|(d, n, e, m, how)| Op::Rename((d, n), (e, m), how)),
        10 => (pick(), place(), len(), any::<u8>())
            .prop_map(|(file, offset, len, seed)| Op::Write { file, offset, len, seed }),
        4 => (pick(), len(), any::<u8>()).prop_map(|(file, len, seed)| Op::Append { file, len, seed }),
        4 => (pick(), place()).prop_map(|(file, size)| Op::Truncate { file, size }),
        4 => (pick(), how(), place(), place())
            .prop_map(|(file, how, offset, len)| Op::Allocate { file, how, offset, len }),
        5 => (pick(), place(), pick(), place(), place(), prop::option::of(any::<u8>()))
            .prop_map(|(f, at, t, to, len, past)| Op::Copy { from: (f, at), to: (t, to), len, past }),
        2 => (pick(), 0u32..0o10000).prop_map(|(i, mode)| Op::Mode(i, mode)),
        3 => (pick(), name(), 0u16..300).prop_map(|(i, n, len)| Op::SetXattr(i, n, len)),
        2 => (pick(), name()).prop_map(|(i, n)| Op::RemoveXattr(i, n)),
        4 => (pick(), place(), len()).prop_map(|(i, offset, len)| Op::Read(i, offset, len)),
        3 => pick().prop_map(Op::Hold),
        2 => any::<u8>().prop_map(Op::Release),
        6 => Just(Op::Flush),
        1 => Just(Op::Sync),
        2 => Just(Op::Reopen),
        1 => Just(Op::Gc),
        6 => Just(Op::Checkpoint),
        2 => any::<u8>().prop_map(|l| Op::Switch(Some(l))),
        3 => Just(Op::Switch(None)),
        1 => Just(Op::Discard),
        2 => any::<u8>().prop_map(Op::DropLayer),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(a, b)| Op::Squash(a, b)),
    ]
}
