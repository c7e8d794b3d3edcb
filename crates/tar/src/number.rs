//! Numbers in fixed fields: octal, or binary where the first bit says so.

/// What a field says: nothing that can be read is `None`.
///
/// Spaces and one NUL in front of digits are passed over, and digits end at whatever is no digit, as in bsdtar: old programs left
/// much behind them. What begins with neither a digit nor a space is no number.
pub(crate) fn number(field: &[u8]) -> Option<i128> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => Some(binary(field)),
        _ => octal(field),
    }
}

fn octal(field: &[u8]) -> Option<i128> {
    // A field that was too long for its neighbour left its end in the first byte.
    let field = match field {
        [0, rest @ ..] => rest,
        _ => field,
    };
    let start = field.iter().position(|b| !matches!(b, b' ' | b'\t'));
    let digits = &field[start.unwrap_or(field.len())..];
    match digits.first() {
        None | Some(0) => Some(0),
        Some(b'0'..=b'7') => Some(
            digits
                .iter()
                .take_while(|b| matches!(b, b'0'..=b'7'))
                .fold(0, |value, digit| value * 8 + i128::from(digit - b'0')),
        ),
        Some(_) => None,
    }
}

/// At most 95 bits: fields have 12 bytes.
fn binary(field: &[u8]) -> i128 {
    let negative = field[0] & 0x40 != 0;
    let first = i128::from(field[0] & 0x7f) - if negative { 0x80 } else { 0 };
    field[1..]
        .iter()
        .fold(first, |value, byte| value << 8 | i128::from(*byte))
}

/// Decimal digits, and nothing else.
pub(crate) fn decimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text)
        .ok()
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok().filter(|number| *number <= SIZE_MAX)
}

/// The longest that anything can be, bytes: what a signed offset reaches, without a last half block.
const SIZE_MAX: u64 = i64::MAX as u64 - 1024;

/// A number as a size.
pub(crate) fn size(number: Option<i128>) -> Option<u64> {
    u64::try_from(number?).ok().filter(|size| *size <= SIZE_MAX)
}

/// A number as a user or group; the last one stands for "unchanged" and is nobody.
pub(crate) fn id(number: Option<i128>) -> Option<u32> {
    u32::try_from(number?).ok().filter(|id| *id != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_all_forms() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(b"\0  644 \0"), Some(0o644));
        assert_eq!(number(b"644xyz  "), Some(0o644));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        assert_eq!(number(b"        "), Some(0));
        assert_eq!(number(b"     -1 "), None);
        assert_eq!(number(b"9999999\0"), None);
        assert_eq!(number(&[0x80, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(&[0xff, 0xff, 0xff, 0xfe]), Some(-2));
    }

    #[test]
    fn what_is_no_size_and_no_owner() {
        assert_eq!(size(Some(-1)), None);
        assert_eq!(size(Some(i128::from(i64::MAX))), None);
        assert_eq!(size(Some(5)), Some(5));
        assert_eq!(id(Some(-1)), None);
        assert_eq!(id(Some(1 << 32)), None);
        assert_eq!(id(Some(i128::from(u32::MAX))), None);
        assert_eq!(decimal(b"16x"), None);
        assert_eq!(decimal(b"-1"), None);
        assert_eq!(decimal(b""), None);
        assert_eq!(decimal(b"16"), Some(16));
    }
}
