//! Random archives: what programs write, what old ones wrote, what is damaged, and what is meant to do harm.

use fastrand::Rng;

use super::build::{Block, extended, long, padded, record};

/// An archive, and whether it was cut off.
pub(crate) struct Random {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_cut: bool,
    /// Whether at most one thing in it is not as it should be.
    pub(crate) is_simple: bool,
}

/// The archive of a seed.
pub(crate) fn archive(seed: u64) -> Random {
    let mut rng = Rng::with_seed(seed);
    let mut bytes = Vec::new();
    // Most archives have one oddity or two: with many, every reader is right in its own way.
    let odd = rng.u8(0..4);
    for _ in 0..rng.usize(1..9) {
        bytes.extend(member(&mut rng, odd));
    }
    let is_cut = odd == 3 && rng.u8(0..4) == 0;
    match rng.u8(0..12) {
        _ if is_cut => bytes.truncate(rng.usize(1..=bytes.len())),
        0 => {}
        1 => bytes.extend([0; 512]),
        2 => {
            bytes.extend([0; 1024]);
            bytes.extend(member(&mut rng, 0));
            bytes.extend([0; 1024]);
        }
        _ => bytes.resize((bytes.len() + 1024).next_multiple_of(10240), 0),
    }
    Random {
        bytes,
        is_cut,
        is_simple: odd < 2,
    }
}

fn pick<'a, T: ?Sized>(rng: &mut Rng, from: &[&'a T]) -> &'a T {
    from[rng.usize(..from.len())]
}

const NAMES: &[&[u8]] = &[
    b"a",
    b"b",
    b"d",
    b"d/",
    b"d/e",
    b"d/f",
    b"d/e/g",
    b"l",
    b"l/x",
    b"./a",
    b"d//f",
    b"x",
    b"y",
    b"d/h/",
    b"\xff\xfe",
    b"\xef\xbb\xbfa",
    b"a b",
    b"n\n",
    b"-f",
    b"z",
];
const HOSTILE: &[&[u8]] = &[
    b"/abs", b"../up", b"d/../a", b"", b".", b"..", b"/", b"a/b", b"b/c/d",
];

fn name(rng: &mut Rng, odd: u8) -> Vec<u8> {
    match rng.u8(0..24) {
        0 if odd > 1 => pick(rng, HOSTILE).to_vec(),
        1 if odd > 0 => vec![b'n'; rng.usize(90..110)],
        _ => pick(rng, NAMES).to_vec(),
    }
}

fn long_name(rng: &mut Rng) -> Vec<u8> {
    let part = vec![b'p'; rng.usize(1..120)];
    let parts: Vec<_> = (0..rng.usize(1..4)).map(|_| part.as_slice()).collect();
    [&parts.join(&b'/')[..], b"/q"].concat()
}

fn content(rng: &mut Rng) -> Vec<u8> {
    let len = match rng.u8(0..6) {
        0 => 0,
        1 => 512,
        2 => 1024 + rng.usize(..1000),
        _ => rng.usize(1..600),
    };
    let byte = rng.u8(b'a'..=b'z');
    vec![byte; len]
}

fn member(rng: &mut Rng, odd: u8) -> Vec<u8> {
    let name = name(rng, odd);
    let content = content(rng);
    let mut bytes = ahead(rng, odd, content.len());
    match rng.u8(0..40) {
        0..=15 => bytes.extend(plain(rng, odd, &name, b'0', &content)),
        16..=20 => bytes.extend(plain(rng, odd, &name, b'5', &[])),
        21..=24 => bytes.extend(link(rng, odd, &name, b'2')),
        25..=29 => bytes.extend(link(rng, odd, &name, b'1')),
        30 => bytes.extend(plain(rng, odd, &name, b'6', &[])),
        31 => bytes.extend(plain(rng, odd, &name, 0, &content)),
        32 => bytes.extend(plain(rng, odd, &name, b'7', &content)),
        33 if odd > 0 => {
            let letter = *pick(rng, &[&b'Z', &b'Q', &b'8', &b's', &b'D']);
            bytes.extend(plain(rng, odd, &name, letter, &content));
        }
        34 if odd > 1 => bytes.extend(claiming(rng, &name)),
        35 | 36 => bytes = sparse(rng, &name),
        37 if odd > 2 => bytes.extend(damaged(rng, &name, &content)),
        38 if odd > 0 => bytes.extend(numbers(rng, &name, &content)),
        _ => bytes.extend(plain(rng, odd, &name, b'0', &content)),
    }
    bytes
}

/// Extended headers in front of a member.
fn ahead(rng: &mut Rng, odd: u8, size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    match rng.u8(0..20) {
        0 => bytes.extend(long(b'L', &long_name(rng))),
        1 => bytes.extend(long(b'K', &long_name(rng))),
        2..=5 => bytes.extend(extended(b'x', &records(rng, odd, size))),
        // Of two values in one global header, others take the first or none.
        6 if odd > 0 => {
            let (key, value) = match rng.u8(0..3) {
                0 => ("mtime", "3000"),
                1 => ("gid", "31"),
                _ => ("comment", "nothing"),
            };
            bytes.extend(extended(b'g', &record(key.as_bytes(), value.as_bytes())));
        }
        7 if odd > 1 => {
            bytes.extend(extended(b'x', &records(rng, odd, size)));
            bytes.extend(long(b'L', &long_name(rng)));
        }
        8 if odd > 1 => {
            bytes.extend(extended(b'x', &records(rng, 0, size)));
            bytes.extend(extended(b'x', &records(rng, 0, size)));
        }
        _ => {}
    }
    bytes
}

fn records(rng: &mut Rng, odd: u8, size: usize) -> Vec<u8> {
    let mut records = Vec::new();
    for _ in 0..rng.usize(1..4) {
        let (key, value): (&str, Vec<u8>) = match rng.u8(0..12) {
            0 => ("path", name(rng, 0)),
            1 => ("linkpath", pick(rng, NAMES).to_vec()),
            2 => ("mtime", b"1000000.123456789".to_vec()),
            3 => ("mtime", b"-5000".to_vec()),
            4 => ("atime", b"77".to_vec()),
            5 => ("uid", b"70000".to_vec()),
            6 => ("gid", b"4000000000".to_vec()),
            7 if odd > 0 => ("size", size.to_string().into_bytes()),
            8 if odd > 1 => ("mtime", pick::<[u8]>(rng, &[b"x", b"", b"1e5"]).to_vec()),
            9 if odd > 1 => (
                "uid",
                pick::<[u8]>(rng, &[b"-1", b"x", b"4294967296", b""]).to_vec(),
            ),
            _ => ("comment", b"nothing".to_vec()),
        };
        records.extend(record(key.as_bytes(), &value));
    }
    if odd > 2 && rng.u8(0..6) == 0 {
        records.extend_from_slice(pick::<[u8]>(rng, &[b"12", b"9 nothing", b"999 a=b\n", b"0 \n"]));
    }
    records
}

/// A header of one of the forms there have been, with its content.
fn plain(rng: &mut Rng, odd: u8, name: &[u8], letter: u8, content: &[u8]) -> Vec<u8> {
    // Whether a directory of old has content, no two agree.
    let content = if name.ends_with(b"/") { &[] } else { content };
    let mut block = Block::new(name, letter, content.len() as u64);
    dress(rng, odd, &mut block);
    [block.bytes(), padded(content)].concat()
}

fn link(rng: &mut Rng, odd: u8, name: &[u8], letter: u8) -> Vec<u8> {
    let target = match (letter, rng.u8(0..8)) {
        (b'2', 0) => b"e".to_vec(),
        (b'2', 1) => b"nowhere".to_vec(),
        (_, 2) if odd > 1 => pick::<[u8]>(rng, &[b"../up", b"/abs", b"missing"]).to_vec(),
        _ => pick(rng, NAMES).to_vec(),
    };
    let mut block = Block::new(name, letter, 0);
    block.link(&target);
    dress(rng, odd, &mut block);
    block.bytes()
}

fn dress(rng: &mut Rng, odd: u8, block: &mut Block) {
    // What is made in a directory with setgid early gets its group.
    let bits = if matches!(block.0[156], b'5' | b'D') || block.0[..100].contains(&b'/') {
        0o5777
    } else {
        0o7777
    };
    block.octal(100, 8, u64::from(rng.u16(..) & bits));
    block.octal(136, 12, rng.u64(0..1_600_000_000));
    if rng.bool() {
        block
            .octal(108, 8, rng.u64(0..100_000))
            .octal(116, 8, rng.u64(0..100_000));
    }
    match rng.u8(0..8) {
        0 => block.put(257, &[0; 8]),
        1 | 2 => block.gnu(),
        // A star header: a shorter prefix, and two times behind it.
        3 if odd > 0 => block
            .put(345, b"pre")
            .put(476, b"00000000007 00000000007 ")
            .put(508, b"tar\0"),
        4 if odd > 0 => block.put(345, b"some/prefix"),
        5 if odd > 0 => block.binary(136, 12, rng.i64(-1_000_000..1_000_000)),
        6 if odd > 0 => block.binary(108, 8, rng.i64(0..3_000_000_000)),
        _ => block,
    };
}

/// Links, directories and pipes that claim content which they have, or have not.
fn claiming(rng: &mut Rng, name: &[u8]) -> Vec<u8> {
    let letter = *pick(rng, &[&b'1', &b'2', &b'5', &b'6']);
    let mut block = Block::new(name, letter, rng.u64(1..2000));
    block.link(pick(rng, NAMES));
    if rng.bool() {
        block.gnu();
    }
    block.bytes()
}

/// Numbers in forms that are rare or wrong.
fn numbers(rng: &mut Rng, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut block = Block::new(name, b'0', content.len() as u64);
    let size = content.len();
    match rng.u8(0..9) {
        0 => block.put(124, format!("{size:11o} ").as_bytes()),
        1 => block.put(124, format!("{size:12o}").as_bytes()),
        2 => block.binary(124, 12, size as i64),
        3 => block.put(100, b"   644 \0"),
        4 => block.put(108, &[0xff; 8]),
        5 => block.put(116, &[0xff; 8]),
        6 => block.put(136, b"777777777777"),
        7 => block.put(100, b"644\0\0\0\0\0"),
        _ => block.put(257, b"ustar\0  "),
    };
    let header = if rng.bool() { block.bytes() } else { block.signed() };
    [header, padded(content)].concat()
}

fn damaged(rng: &mut Rng, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut block = Block::new(name, b'0', content.len() as u64);
    match rng.u8(0..4) {
        0 => block.put(124, b"abcdefghijk\0"),
        1 => block.binary(124, 12, -5),
        _ => {
            let mut bytes = block.bytes();
            bytes[rng.usize(0..140)] ^= 0x15;
            return [bytes, padded(content)].concat();
        }
    };
    [block.bytes(), padded(content)].concat()
}

/// A file with holes, in the four ways they are told.
fn sparse(rng: &mut Rng, name: &[u8]) -> Vec<u8> {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let name = if name.is_empty() { b"s" } else { name };
    let pieces: Vec<(u64, u64)> = (0..rng.u64(0..6))
        .map(|i| (i * 8192 + 512 * rng.u64(0..3), 512 * rng.u64(1..3)))
        .collect();
    let mut real = pieces.last().map_or(0, |(offset, len)| offset + len);
    let mut pieces = pieces;
    if pieces.is_empty() || rng.bool() {
        real += 4096;
        pieces.push((real, 0));
    }
    let data: Vec<u8> = pieces
        .iter()
        .zip(b'a'..)
        .flat_map(|((_, len), byte)| vec![byte; *len as usize])
        .collect();
    let real_text = real.to_string();
    let count = pieces.len().to_string();
    match rng.u8(0..4) {
        0 => old_gnu(name, &pieces, real, &data),
        1 => {
            let mut records = [
                record(b"GNU.sparse.size", real_text.as_bytes()),
                record(b"GNU.sparse.numblocks", count.as_bytes()),
            ]
            .concat();
            for (offset, len) in &pieces {
                records.extend(record(b"GNU.sparse.offset", offset.to_string().as_bytes()));
                records.extend(record(b"GNU.sparse.numbytes", len.to_string().as_bytes()));
            }
            [
                extended(b'x', &records),
                Block::new(name, b'0', data.len() as u64).bytes(),
                padded(&data),
            ]
            .concat()
        }
        2 => {
            let map: Vec<String> = pieces
                .iter()
                .map(|(offset, len)| format!("{offset},{len}"))
                .collect();
            let records = [
                record(b"GNU.sparse.size", real_text.as_bytes()),
                record(b"GNU.sparse.numblocks", count.as_bytes()),
                record(b"GNU.sparse.map", map.join(",").as_bytes()),
                record(b"GNU.sparse.name", name),
            ]
            .concat();
            let block = Block::new(b"GNUSparseFile.0/s", b'0', data.len() as u64);
            [extended(b'x', &records), block.bytes(), padded(&data)].concat()
        }
        _ => {
            let records = [
                record(b"GNU.sparse.major", b"1"),
                record(b"GNU.sparse.minor", b"0"),
                record(b"GNU.sparse.name", name),
                record(b"GNU.sparse.realsize", real_text.as_bytes()),
            ]
            .concat();
            let numbers: Vec<String> = pieces
                .iter()
                .map(|(offset, len)| format!("{offset}\n{len}\n"))
                .collect();
            let map = padded(format!("{count}\n{}", numbers.concat()).as_bytes());
            let block = Block::new(b"GNUSparseFile.0/s", b'0', (map.len() + data.len()) as u64);
            [extended(b'x', &records), block.bytes(), map, padded(&data)].concat()
        }
    }
}

fn old_gnu(name: &[u8], pieces: &[(u64, u64)], real: u64, data: &[u8]) -> Vec<u8> {
    let mut block = Block::new(name, b'S', data.len() as u64);
    block.gnu().octal(483, 12, real);
    for (at, (offset, len)) in pieces.iter().take(4).enumerate() {
        block
            .octal(386 + 24 * at, 12, *offset)
            .octal(398 + 24 * at, 12, *len);
    }
    let rest = &pieces[pieces.len().min(4)..];
    block.0[482] = u8::from(!rest.is_empty());
    let mut bytes = block.bytes();
    if !rest.is_empty() {
        let mut more = Block([0; 512]);
        for (at, (offset, len)) in rest.iter().enumerate() {
            more.octal(24 * at, 12, *offset).octal(24 * at + 12, 12, *len);
        }
        bytes.extend(more.0);
    }
    bytes.extend(padded(data));
    bytes
}
