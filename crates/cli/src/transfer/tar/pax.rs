//! Pax records: what the fixed fields of a header cannot say.

use tarbox_store::Timestamp;

use super::{TarError, damaged};

/// The records of one extended header, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Pax(Vec<(Vec<u8>, Vec<u8>)>);

/// In front of the name of an extended attribute.
pub(super) const XATTR: &[u8] = b"SCHILY.xattr.";

impl Pax {
    /// Parses `LENGTH KEY=VALUE\n` records.
    pub(super) fn parse(mut bytes: &[u8]) -> Result<Self, TarError> {
        let mut records = Vec::new();
        while !bytes.is_empty() {
            let Some((record, rest)) = split(bytes) else {
                // Some programs fill the rest with NULs.
                if bytes.iter().all(|b| *b == 0) {
                    break;
                }
                return damaged("an extended header that makes no sense");
            };
            records.push(record);
            bytes = rest;
        }
        Ok(Self(records))
    }

    /// The records of `self` with those of `later` taking precedence.
    pub(super) fn overridden_by(&self, later: Self) -> Self {
        let mut all = self.clone();
        all.0.extend(later.0);
        all
    }

    /// The value of a key: the last one counts.
    pub(super) fn get(&self, key: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .rev()
            .find(|(k, _)| k == key.as_bytes())
            .map(|(_, value)| value.as_slice())
    }

    /// The value of a key as a number.
    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, TarError> {
        self.get(key).map(number).transpose()
    }

    /// The value of a key as a time: seconds, with a fraction, perhaps before 1970.
    pub(super) fn time(&self, key: &str) -> Result<Option<Timestamp>, TarError> {
        self.get(key)
            .map(|value| time(value).ok_or(()).or_else(|()| damaged("a time that is none")))
            .transpose()
    }

    /// Every value of a key, in order.
    pub(super) fn each<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |(k, _)| k == key.as_bytes())
            .map(|(_, value)| value.as_slice())
    }

    /// Names and values of the extended attributes.
    pub(super) fn xattrs(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let named = self
            .0
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(XATTR)?.to_vec(), value.clone())));
        named.collect()
    }

    /// Adds a record.
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        self.0.push((key.to_vec(), value.to_vec()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The records as an archive holds them.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in &self.0 {
            let body = key.len() + value.len() + 3;
            // The length counts its own digits.
            let mut len = body + digits(body);
            if digits(len) != digits(body) {
                len = body + digits(len);
            }
            bytes.extend_from_slice(format!("{len} ").as_bytes());
            bytes.extend_from_slice(key);
            bytes.push(b'=');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes
    }
}

/// Decimal digits, and nothing else.
pub(super) fn number(text: &[u8]) -> Result<u64, TarError> {
    let parsed = std::str::from_utf8(text)
        .ok()
        .filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    match parsed.and_then(|t| t.parse().ok()) {
        Some(number) if number <= i64::MAX as u64 => Ok(number),
        _ => damaged("a number that is none"),
    }
}

/// A time with nine digits.
pub(super) fn time_text(time: Timestamp) -> String {
    let (seconds, nanos) = (time.seconds(), time.nanos());
    match (seconds, nanos) {
        (_, 0) => seconds.to_string(),
        // What counts from below: -1.25 s is two whole seconds below and three quarters up.
        (..0, _) if seconds == -1 => format!("-0.{:09}", 1_000_000_000 - nanos),
        (..0, _) => format!("{}.{:09}", seconds + 1, 1_000_000_000 - nanos),
        _ => format!("{seconds}.{nanos:09}"),
    }
}

type Record = (Vec<u8>, Vec<u8>);

fn split(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let space = bytes.iter().take(20).position(|b| *b == b' ')?;
    let len = usize::try_from(number(&bytes[..space]).ok()?).ok()?;
    if len <= space + 1 {
        return None;
    }
    let record = bytes.get(space + 1..len)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|b| *b == b'=')?;
    Some((
        (record[..equals].to_vec(), record[equals + 1..].to_vec()),
        &bytes[len..],
    ))
}

fn time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanos = whole
        .parse::<i64>()
        .ok()?
        .checked_mul(1_000_000_000)?
        .checked_add(fraction.parse().ok()?)?;
    Some(Timestamp(if negative { -nanos } else { nanos }))
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_as_they_were_written() {
        for len in [0, 1, 85, 86, 87, 88, 90, 91, 92, 93, 985, 990, 995, 1000] {
            let mut pax = Pax::default();
            pax.push(b"path", &vec![b'x'; len]);
            pax.push(b"SCHILY.xattr.user.a", b"b\0\n=");
            let read = Pax::parse(&pax.to_bytes()).unwrap();
            assert_eq!(read.get("path").unwrap().len(), len);
            assert_eq!(read.xattrs(), [(b"user.a".to_vec(), b"b\0\n=".to_vec())]);
        }
    }

    #[test]
    fn times_keep_their_nanoseconds_before_and_after_1970() {
        for nanos in [
            0,
            1,
            -1,
            1_500_000_000,
            -1_250_000_000,
            -1_000_000_000,
            -500_000_000,
            i64::MAX,
        ] {
            let text = time_text(Timestamp(nanos));
            assert_eq!(time(text.as_bytes()), Some(Timestamp(nanos)), "{text}");
        }
        assert_eq!(time(b"12.5"), Some(Timestamp(12_500_000_000)));
        for text in ["", "-", "1.2.3", "x", "1e5", "99999999999999999999"] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "x",
            "5 a=b\n",
            "99 a=b\n",
            "0 \n",
            "6 ab\n\n",
            "18446744073709551615 a=b\n",
            "-1 a=b\n",
        ] {
            assert!(Pax::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Pax::parse(b"6 a=b\n\0\0").unwrap().get("a").is_some());
    }
}
