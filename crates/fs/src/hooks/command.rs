//! What is written into the files of `/.tarbox`: a line of words, or JSON.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tarbox_store::{Error, ErrorKind, LaterLayers, Operation, Result, Seq, Timestamp};

use super::calendar;

/// Bytes of one write.
const COMMAND_MAX: usize = 64 << 10;
/// Records of one query.
const LIMIT_MAX: usize = 10_000;
const DISCARD: &str = "--discard-later";

fn bad(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid).because(why)
}

/// One write as text, without the line end that `echo` adds.
pub(super) fn text(data: &[u8]) -> Result<&str> {
    if data.len() > COMMAND_MAX {
        return Err(bad("a command has at most 64 KiB"));
    }
    let text = std::str::from_utf8(data)
        .map_err(|_| bad("a command is UTF-8 text"))?
        .trim();
    match text.is_empty() {
        true => Err(bad("nothing was written")),
        false => Ok(text),
    }
}

/// A word: the name, tag or number of a layer.
pub(super) fn layer(text: &str) -> Result<&str> {
    match text.chars().any(char::is_control) {
        true => Err(bad("expected one line with the name, tag or number of a layer")),
        false => Ok(text),
    }
}

/// A write to `layers/new`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLayer {
    #[serde(default)]
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(default)]
    discard_later: bool,
}

impl NewLayer {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let new = match text.starts_with('{') {
            true => json(text)?,
            false => Self::words(text),
        };
        match new.name.as_str() {
            "." | ".." => Err(bad("a layer cannot be named '.' or '..'")),
            name if name.starts_with("--") => {
                Err(bad(format!("unknown option {name:?}; only {DISCARD} is known")))
            }
            _ => Ok(new),
        }
    }

    fn words(text: &str) -> Self {
        let (name, discard_later) = match text.strip_suffix(DISCARD) {
            Some(name) if name.is_empty() || name.ends_with(char::is_whitespace) => (name.trim_end(), true),
            _ => (text, false),
        };
        Self {
            name: name.to_owned(),
            description: None,
            discard_later,
        }
    }

    pub(super) fn later(&self) -> LaterLayers {
        match self.discard_later {
            true => LaterLayers::Discard,
            false => LaterLayers::Keep,
        }
    }
}

/// A write that names two layers: `layers/squash`, `layers/diff`.
pub(super) fn two_layers(text: &str) -> Result<(String, String)> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        #[serde(alias = "first")]
        from: String,
        #[serde(alias = "last")]
        to: String,
    }
    if text.starts_with('{') {
        return json::<Pair>(text).map(|pair| (pair.from, pair.to));
    }
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(from), Some(to), None) => Ok((from.to_owned(), to.to_owned())),
        _ => Err(bad(
            "expected two layers: FROM TO; names with spaces as {\"from\": …, \"to\": …}",
        )),
    }
}

/// A write to `audit/query`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Query {
    after: Option<u64>,
    before: Option<u64>,
    since: Option<TextOrNumber>,
    until: Option<TextOrNumber>,
    #[serde(alias = "op")]
    operation: Option<String>,
    pub(super) path: Option<String>,
    pub(super) uid: Option<u32>,
    pub(super) agent: Option<String>,
    pub(super) layer: Option<TextOrNumber>,
    pub(super) refused: bool,
    limit: Option<usize>,
    #[serde(alias = "newest")]
    pub(super) newest_first: bool,
}

/// JSON has numbers where a line of words has text.
#[derive(Debug)]
pub(super) struct TextOrNumber(String);

impl TextOrNumber {
    pub(super) fn text(&self) -> String {
        self.0.clone()
    }
}

impl<'de> Deserialize<'de> for TextOrNumber {
    /// A number is taken as it is written, which spares reading and writing it.
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(from)?.get();
        match raw.as_bytes() {
            [b'"', ..] => serde_json::from_str(raw).map(Self).map_err(D::Error::custom),
            [b'-' | b'0'..=b'9', ..] => Ok(Self(raw.to_owned())),
            _ => Err(D::Error::custom(format!(
                "expected a text or a number, got {raw}"
            ))),
        }
    }
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.starts_with('{') {
            return json(text);
        }
        let mut query = Self::default();
        let pairs: Vec<&str> = match text.contains('\n') {
            true => text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect(),
            false => text.split_whitespace().collect(),
        };
        for pair in pairs {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| bad(format!("expected KEY=VALUE, got {pair:?}")))?;
            query.set(key.trim(), value.trim())?;
        }
        Ok(query)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let text = || Some(value.to_owned());
        match key {
            "after" => self.after = Some(number(key, value)?),
            "before" => self.before = Some(number(key, value)?),
            "since" => self.since = text().map(TextOrNumber),
            "until" => self.until = text().map(TextOrNumber),
            "operation" | "op" => self.operation = text(),
            "path" => self.path = text(),
            "uid" => self.uid = Some(number(key, value)?),
            "agent" => self.agent = text(),
            "layer" => self.layer = text().map(TextOrNumber),
            "refused" => self.refused = truth(key, value)?,
            "limit" => self.limit = Some(number(key, value)?),
            "newest_first" | "newest" => self.newest_first = truth(key, value)?,
            _ => return Err(bad(format!("unknown key {key:?}; see /.tarbox/README"))),
        }
        Ok(())
    }

    pub(super) fn after(&self) -> Option<Seq> {
        self.after.map(Seq)
    }

    pub(super) fn before(&self) -> Option<Seq> {
        self.before.map(Seq)
    }

    pub(super) fn since(&self) -> Result<Option<Timestamp>> {
        time("since", &self.since)
    }

    pub(super) fn until(&self) -> Result<Option<Timestamp>> {
        time("until", &self.until)
    }

    pub(super) fn operation(&self) -> Result<Option<Operation>> {
        let Some(word) = &self.operation else {
            return Ok(None);
        };
        Operation::from_word(word).map(Some).ok_or_else(|| {
            let known: Vec<&str> = Operation::ALL.iter().map(|o| o.word()).collect();
            bad(format!(
                "unknown operation {word:?}; known are {}",
                known.join(", ")
            ))
        })
    }

    pub(super) fn limit(&self) -> Result<usize> {
        match self.limit.unwrap_or(1000) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            _ => Err(bad(format!("limit is 1 to {LIMIT_MAX}"))),
        }
    }
}

fn time(key: &str, value: &Option<TextOrNumber>) -> Result<Option<Timestamp>> {
    let Some(value) = value else { return Ok(None) };
    let text = value.text();
    let expected = "seconds since 1970 or a time such as 2026-03-01T12:00:00Z";
    calendar::parse(&text)
        .map(Some)
        .ok_or_else(|| bad(format!("{key} is {expected}, got {text:?}")))
}

fn number<N: std::str::FromStr>(key: &str, value: &str) -> Result<N> {
    value
        .parse()
        .map_err(|_| bad(format!("{key} is a number, got {value:?}")))
}

fn truth(key: &str, value: &str) -> Result<bool> {
    match value {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err(bad(format!("{key} is true or false, got {value:?}"))),
    }
}

fn json<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| bad(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(text: &str) -> Option<(String, bool)> {
        NewLayer::parse(text)
            .ok()
            .map(|n| (n.name.clone(), n.later() == LaterLayers::Discard))
    }

    #[test]
    fn a_new_layer_is_a_name_and_perhaps_a_confirmation() {
        let some = |name: &str, discard| Some((name.to_owned(), discard));
        assert_eq!(new("base"), some("base", false));
        assert_eq!(new("two words"), some("two words", false));
        assert_eq!(new("base --discard-later"), some("base", true));
        assert_eq!(new("--discard-later"), some("", true));
        assert_eq!(new("x--discard-later"), some("x--discard-later", false));
        assert_eq!(
            new(r#"{"name": "a", "description": "d", "discard_later": true}"#),
            some("a", true)
        );
        for text in ["--force", ".", "..", "{", r#"{"nam": "a"}"#, r#"{"name": 1}"#] {
            assert_eq!(new(text), None, "{text}");
        }
    }

    #[test]
    fn writes_are_bounded_text() {
        assert_eq!(text(b"a\n").unwrap(), "a");
        for data in [&b""[..], b"\n", b"\xff", &[b'a'; COMMAND_MAX + 1]] {
            assert_eq!(text(data).unwrap_err().kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn queries_come_as_words_lines_or_json() {
        for text in [
            "op=write path=/a uid=7 since=12.5 limit=3 newest=1",
            "op = write\npath = /a\nuid=7\nsince=1970-01-01T00:00:12.5Z\nlimit=3\nnewest_first=true",
            r#"{"operation": "write", "path": "/a", "uid": 7, "since": 12.5, "limit": 3, "newest": true}"#,
        ] {
            let query = Query::parse(text).unwrap();
            assert_eq!(query.operation().unwrap(), Some(Operation::Write));
            assert_eq!(query.path.as_deref(), Some("/a"));
            assert_eq!(query.since().unwrap(), Some(Timestamp(12_500_000_000)));
            assert_eq!(
                (query.uid, query.limit().unwrap(), query.newest_first),
                (Some(7), 3, true)
            );
        }
    }

    #[test]
    fn bad_queries_say_what_is_wrong() {
        let why = |text: &str| {
            let query = match Query::parse(text) {
                Err(e) => return e.to_string(),
                Ok(query) => query,
            };
            let checked = query
                .operation()
                .map(drop)
                .and(query.since().map(drop))
                .and(query.limit().map(drop));
            checked.unwrap_err().to_string()
        };
        for (text, word) in [
            ("operation", "KEY=VALUE"),
            ("colour=red", "colour"),
            ("op=paint", "known are create"),
            ("uid=-1", "uid is a number"),
            ("limit=0", "limit is 1 to"),
            ("since=now", "since is seconds"),
            ("refused=maybe", "true or false"),
            ("{\"x\": 1}", "unknown field"),
        ] {
            assert!(why(text).contains(word), "{text}: {}", why(text));
        }
    }

    #[test]
    fn two_layers_are_two_words() {
        let two = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(two_layers("a b").ok(), two("a", "b"));
        assert_eq!(
            two_layers(r#"{"first": "a b", "last": "c"}"#).ok(),
            two("a b", "c")
        );
        assert!(two_layers("a").is_err() && two_layers("a b c").is_err());
    }
}
