//! The part of a file that a request wants.

use http::{HeaderMap, header};

/// What a `Range` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Everything.
    All,
    /// From the first of these bytes to the one before the second.
    Part(u64, u64),
    /// Bytes that the file does not have.
    Nothing,
}

/// What is wanted of a file of `size` bytes. What is not one range of bytes is ignored, as RFC 9110 has it.
pub fn wanted(headers: &HeaderMap, size: u64) -> Wanted {
    let value = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    value.and_then(|text| parse(text, size)).unwrap_or(Wanted::All)
}

fn parse(text: &str, size: u64) -> Option<Wanted> {
    let (unit, range) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let part = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(0)) => Wanted::Nothing,
        (None, Some(suffix)) if size > 0 => Wanted::Part(size.saturating_sub(suffix), size),
        (Some(first), Some(last)) if first > last => return None,
        (Some(first), last) if first < size => {
            Wanted::Part(first, last.map_or(size, |last| last.saturating_add(1).min(size)))
        }
        _ => Wanted::Nothing,
    };
    Some(part)
}

/// A number, if there is one; `None` for what is none. One that is too large for any file is the largest.
fn number(text: &str) -> Option<Option<u64>> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match text {
        "" => Some(None),
        digits => Some(Some(digits.parse().unwrap_or(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted::{All, Nothing, Part};
    use super::*;

    #[test]
    fn ranges() {
        for (text, wanted) in [
            ("bytes=0-0", Some(Part(0, 1))),
            ("bytes=2-", Some(Part(2, 10))),
            ("bytes=-3", Some(Part(7, 10))),
            ("bytes=-30", Some(Part(0, 10))),
            ("bytes=5-99999999999999999999999", Some(Part(5, 10))),
            ("bytes=5-18446744073709551615", Some(Part(5, 10))),
            ("bytes=10-", Some(Nothing)),
            ("bytes=-0", Some(Nothing)),
            ("bytes=99999999999999999999999-", Some(Nothing)),
            ("bytes=3-2", None),
            ("bytes=-", None),
            ("bytes=0-1,3-4", None),
            ("bytes=+1-2", None),
            ("bytes", None),
            ("items=0-1", None),
            ("bytes=a-b", None),
        ] {
            assert_eq!(parse(text, 10), wanted, "{text}");
        }
        assert_eq!(parse("bytes=0-", 0), Some(Nothing));
        assert_eq!(parse("bytes=-5", 0), Some(Nothing));
        assert_eq!(wanted(&HeaderMap::new(), 5), All);
    }
}
