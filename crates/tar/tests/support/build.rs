//! Archives put together byte by byte, also such as no program writes.

/// A header whose fields can be anything; its checksum is right unless it is spoilt afterwards.
#[derive(Clone)]
pub(crate) struct Block(pub(crate) [u8; 512]);

impl Block {
    /// A ustar header.
    pub(crate) fn new(name: &[u8], letter: u8, size: u64) -> Self {
        let mut block = Self([0; 512]);
        block.put(0, &name[..name.len().min(100)]);
        block.octal(100, 8, 0o644);
        block.octal(108, 8, 0);
        block.octal(116, 8, 0);
        block.octal(124, 12, size);
        block.octal(136, 12, 1_000_000_000);
        block.0[156] = letter;
        block.put(257, b"ustar\x0000");
        block
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn octal(&mut self, at: usize, len: usize, value: u64) -> &mut Self {
        let text = format!("{value:0width$o}\0", width = len - 1);
        self.put(at, &text.as_bytes()[text.len() - len..])
    }

    pub(crate) fn binary(&mut self, at: usize, len: usize, value: i64) -> &mut Self {
        let mut bytes = vec![if value < 0 { 0xff } else { 0 }; len];
        bytes[len - 8..].copy_from_slice(&value.to_be_bytes());
        bytes[0] |= 0x80;
        if value >= 0 {
            bytes[0] = if len > 8 { 0x80 } else { 0x80 | bytes[0] & 0x3f };
        }
        self.put(at, &bytes)
    }

    pub(crate) fn link(&mut self, target: &[u8]) -> &mut Self {
        self.put(157, &target[..target.len().min(100)])
    }

    pub(crate) fn gnu(&mut self) -> &mut Self {
        self.put(257, b"ustar  \0")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.summed(|byte| u64::from(byte) as i64)
    }

    /// With the sum of signed bytes, as some old programs had it.
    pub(crate) fn signed(&self) -> Vec<u8> {
        self.summed(|byte| i64::from(byte.cast_signed()))
    }

    fn summed(&self, value: impl Fn(u8) -> i64) -> Vec<u8> {
        let mut block = self.0;
        block[148..156].fill(b' ');
        let sum: i64 = block.iter().map(|byte| value(*byte)).sum();
        block[148..155].copy_from_slice(format!("{:06o}\0", sum.max(0)).as_bytes());
        block.to_vec()
    }
}

/// Content with what fills its last block.
pub(crate) fn padded(content: &[u8]) -> Vec<u8> {
    let mut bytes = content.to_vec();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A pax record.
pub(crate) fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let body = key.len() + value.len() + 3;
    let mut len = body + body.to_string().len();
    if len.to_string().len() != body.to_string().len() {
        len = body + len.to_string().len();
    }
    [len.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

/// An extended header of this letter.
pub(crate) fn extended(letter: u8, records: &[u8]) -> Vec<u8> {
    let block = Block::new(b"PaxHeaders/x", letter, records.len() as u64);
    [block.bytes(), padded(records)].concat()
}

/// A pax header with these records.
pub(crate) fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    let records: Vec<u8> = records
        .iter()
        .flat_map(|(key, value)| record(key.as_bytes(), value))
        .collect();
    extended(b'x', &records)
}

/// GNU's way to say a long name (`L`) or target (`K`).
pub(crate) fn long(letter: u8, name: &[u8]) -> Vec<u8> {
    let name = [name, b"\0"].concat();
    let mut block = Block::new(b"././@LongLink", letter, name.len() as u64);
    [block.gnu().bytes(), padded(&name)].concat()
}

/// A file with its content.
pub(crate) fn file(name: &[u8], content: &[u8]) -> Vec<u8> {
    [
        Block::new(name, b'0', content.len() as u64).bytes(),
        padded(content),
    ]
    .concat()
}

/// A link, directory or special file.
pub(crate) fn other(name: &[u8], letter: u8, target: &[u8]) -> Vec<u8> {
    Block::new(name, letter, 0).link(target).bytes()
}

/// Parts with the end of an archive behind them.
pub(crate) fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), vec![0; 1024]].concat()
}
