//! Pax records: what the fixed fields of a header cannot say.

use tarbox_store::Timestamp;

use crate::number::{decimal, id};

/// The records of one extended header, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pax(Vec<(Vec<u8>, Vec<u8>)>);

/// What records say under one key.
#[derive(Debug)]
pub(crate) struct Value<T> {
    /// The last value that makes sense.
    pub(crate) last: Option<T>,
    /// One that makes none.
    pub(crate) nonsense: Option<Vec<u8>>,
}

/// In front of the name of an extended attribute.
pub(crate) const XATTR: &[u8] = b"SCHILY.xattr.";

impl Pax {
    /// Parses `LENGTH KEY=VALUE\n` records, as far as they make sense; answers also whether all of them did.
    pub(crate) fn parse(mut bytes: &[u8]) -> (Self, bool) {
        let mut records = Vec::new();
        while let Some((record, rest)) = split(bytes) {
            records.push(record);
            bytes = rest;
        }
        // Some programs fill the rest with NULs.
        (Self(records), bytes.iter().all(|b| *b == 0))
    }

    /// The records of `self` with those of `later` taking precedence.
    pub(crate) fn overridden_by(&self, later: Self) -> Self {
        let mut all = self.clone();
        all.0.extend(later.0);
        all
    }

    /// The text of a key: the last one counts, and an empty one takes back what was said before.
    pub(crate) fn text(&self, key: &str) -> Option<&[u8]> {
        self.get(key).filter(|value| !value.is_empty())
    }

    /// The value of a key: the last one counts.
    pub(crate) fn get(&self, key: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .rev()
            .find(|(k, _)| k == key.as_bytes())
            .map(|(_, value)| value.as_slice())
    }

    /// The value of a key as a number.
    pub(crate) fn number(&self, key: &str) -> Value<u64> {
        self.last(key, decimal)
    }

    /// The value of a key as a time: seconds, with a fraction, perhaps before 1970. What lies beyond the times there are
    /// becomes the last of them.
    pub(crate) fn time(&self, key: &str) -> Value<Timestamp> {
        self.last(key, time)
    }

    /// The value of a key as a user or group.
    pub(crate) fn id(&self, key: &str) -> Value<u32> {
        self.last(key, |text| id(decimal(text).map(i128::from)))
    }

    /// The last value of a key that makes sense.
    fn last<T>(&self, key: &str, parse: impl Fn(&[u8]) -> Option<T>) -> Value<T> {
        let mut value = Value {
            last: None,
            nonsense: None,
        };
        for text in self.each(key) {
            match parse(text) {
                Some(parsed) => value.last = Some(parsed),
                None => value.nonsense = Some(text.to_vec()),
            }
        }
        value
    }

    /// Every value of a key, in order.
    pub(crate) fn each<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |(k, _)| k == key.as_bytes())
            .map(|(_, value)| value.as_slice())
    }

    /// Names and values of the extended attributes.
    pub(crate) fn xattrs(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut xattrs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (key, value) in &self.0 {
            let Some(name) = key.strip_prefix(XATTR).filter(|name| !name.is_empty()) else {
                continue;
            };
            xattrs.retain(|(earlier, _)| earlier != name);
            xattrs.push((name.to_vec(), value.clone()));
        }
        xattrs
    }

    /// Adds a record.
    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) {
        self.0.push((key.to_vec(), value.to_vec()));
    }

    /// Whether all names in it are UTF-8; attributes are bytes anyway.
    pub(crate) fn is_text(&self) -> bool {
        self.0
            .iter()
            .filter(|(key, _)| !key.starts_with(XATTR))
            .all(|(_, value)| std::str::from_utf8(value).is_ok())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The records as an archive holds them.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
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

/// A time with nine digits.
pub(crate) fn time_text(time: Timestamp) -> String {
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
    let len = usize::try_from(decimal(&bytes[..space])?).ok()?;
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

/// Digits, with a fraction; what follows them does not count.
fn time(text: &[u8]) -> Option<Timestamp> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, rest) = digits_of(text);
    let (fraction, _) = rest.strip_prefix(b".").map_or(("", rest), digits_of);
    if whole.is_empty() {
        return None;
    }
    let (shown, beyond) = fraction.split_at(fraction.len().min(9));
    let mut nanos = format!("{shown:0<9}").parse::<i64>().ok()?;
    // Rounded down, whichever side of 1970 it is.
    nanos += i64::from(negative && beyond.bytes().any(|b| b != b'0'));
    let seconds = whole.parse::<i64>().unwrap_or(i64::MAX);
    let since = seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Some(Timestamp(match (negative, since) {
        (true, i64::MAX) => i64::MIN,
        (true, _) => -since,
        (false, _) => since,
    }))
}

/// The digits that a text begins with, and the rest of it.
fn digits_of(text: &[u8]) -> (&str, &[u8]) {
    let end = text
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (std::str::from_utf8(digits).unwrap_or_default(), rest)
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
            let (read, sound) = Pax::parse(&pax.to_bytes());
            assert!(sound);
            assert_eq!(read.get("path").map_or(0, <[u8]>::len), len);
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
        assert_eq!(time(b"-1.0000000001"), Some(Timestamp(-1_000_000_001)));
        assert_eq!(time(b"1e5"), Some(Timestamp(1_000_000_000)));
        for text in ["", "-", "x", ".5", "--1"] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn times_beyond_the_last_become_the_last() {
        assert_eq!(time(b"13136941795.5"), Some(Timestamp(i64::MAX)));
        assert_eq!(time(b"99999999999999999999"), Some(Timestamp(i64::MAX)));
        assert_eq!(time(b"-13136941795"), Some(Timestamp(i64::MIN)));
    }

    #[test]
    fn nonsense_is_noticed_and_what_came_before_kept() {
        for text in [
            "x",
            "5 a=b\n",
            "99 a=b\n",
            "0 \n",
            "6 ab\n\n",
            "18446744073709551615 a=b\n",
            "-1 a=b\n",
        ] {
            let (pax, sound) = Pax::parse([b"6 c=d\n", text.as_bytes()].concat().as_slice());
            assert!(!sound, "{text:?}");
            assert_eq!(pax.get("c"), Some(&b"d"[..]));
        }
        let (filled, sound) = Pax::parse(b"6 a=b\n\0\0");
        assert!(sound && filled.get("a").is_some());
    }

    #[test]
    fn an_empty_value_takes_back_a_global_one() {
        let (global, _) = Pax::parse(b"9 path=a\n");
        let (own, _) = Pax::parse(b"8 path=\n");
        assert_eq!(global.overridden_by(own).text("path"), None);
    }
}
