//! Numbers in bytes: little-endian words and LEB128 varints, read without trusting the input.

/// Appends `value`, seven bits a byte, lowest first.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and the bytes.
pub(crate) fn put_slice(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A varint of at most 32 bits at `at`, and where it ends. The short form is the hot path of every scan.
#[inline(always)]
pub(crate) fn varint32(input: &[u8], at: usize) -> Option<(u32, usize)> {
    let first = *input.get(at)?;
    if first < 0x80 {
        return Some((u32::from(first), at + 1));
    }
    let second = *input.get(at + 1)?;
    if second < 0x80 {
        return Some((u32::from(first & 0x7F) | u32::from(second) << 7, at + 2));
    }
    long_varint32(input, at)
}

fn long_varint32(input: &[u8], at: usize) -> Option<(u32, usize)> {
    let mut reader = Reader::new(input.get(at..)?);
    let value = u32::try_from(reader.varint()?).ok()?;
    Some((value, at + reader.at))
}

/// Reads one value after another; every method gives `None` where the input ends or makes no sense.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    input: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.input.len()
    }

    pub(crate) fn remaining(&self) -> usize {
        self.input.len() - self.at
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let bytes = self.input.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn varint32(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    /// A length that fits what is left, so that nothing is allocated for a lie.
    pub(crate) fn len(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok()
    }

    pub(crate) fn slice(&mut self) -> Option<&'a [u8]> {
        let len = self.len()?;
        self.bytes(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1_u64 << shift) - 1] {
                let mut out = Vec::new();
                put_varint(&mut out, value);
                assert_eq!(Reader::new(&out).varint(), Some(value));
                let short = u32::try_from(value).ok().map(|value| (value, out.len()));
                assert_eq!(varint32(&out, 0), short);
                assert_eq!(Reader::new(&out[..out.len() - 1]).varint(), None);
            }
        }
    }

    #[test]
    fn a_varint_of_too_many_bits_is_refused() {
        assert_eq!(Reader::new(&[0xFF; 11]).varint(), None);
        assert_eq!(varint32(&[0xFF; 11], 0), None);
    }
}
