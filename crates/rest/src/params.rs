//! The query of a request. Values are bytes, since names of files are; what is not known is refused, and so is what comes twice.

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode;

use crate::problem::{Answer, Problem};

/// The query of a request, decoded: `%FF` is that byte, and `+` a space.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, Vec<u8>)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Params {
    /// Decodes a query.
    ///
    /// # Errors
    /// `BAD_REQUEST`
    pub fn parse(query: &str) -> Answer<Self> {
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = String::from_utf8(decode(name)?)
                .map_err(|_| Problem::bad_request("the name of a parameter is not UTF-8"))?;
            if all.iter().any(|(known, _)| *known == name) {
                return Err(Problem::bad_request(format!(
                    "the parameter {name:?} comes twice"
                )));
            }
            all.push((name, decode(value)?));
        }
        Ok(Self(all))
    }

    /// Refuses every parameter but these.
    pub fn only(self, names: &[&str]) -> Answer<Self> {
        match self.0.iter().find(|(name, _)| !names.contains(&&**name)) {
            Some((name, _)) => {
                let known = match names {
                    [] => "there are none here".to_owned(),
                    names => format!("known here: {}", names.join(", ")),
                };
                Err(Problem::bad_request(format!(
                    "unknown parameter {name:?}; {known}"
                )))
            }
            None => Ok(self),
        }
    }

    /// The bytes of a parameter.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    /// The bytes of a parameter that has to be there.
    pub fn required(&self, name: &str) -> Answer<&[u8]> {
        self.bytes(name)
            .ok_or_else(|| Problem::bad_request(format!("the parameter {name:?} is missing")))
    }

    /// A parameter that is text.
    pub fn text(&self, name: &str) -> Answer<Option<&str>> {
        let text = self.bytes(name).map(std::str::from_utf8).transpose();
        text.map_err(|_| Problem::bad_request(format!("the parameter {name:?} is not UTF-8")))
    }

    /// A parameter that is parsed.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Answer<Option<T>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let wrong = |_| Problem::bad_request(format!("{text:?} is no value for the parameter {name:?}"));
        text.parse().map(Some).map_err(wrong)
    }

    /// A parameter that is `true` or `false`; there without a value it is `true`.
    pub fn flag(&self, name: &str) -> Answer<Option<bool>> {
        match self.bytes(name) {
            None => Ok(None),
            Some(b"" | b"true" | b"1") => Ok(Some(true)),
            Some(b"false" | b"0") => Ok(Some(false)),
            Some(_) => Err(Problem::bad_request(format!(
                "the parameter {name:?} is true or false"
            ))),
        }
    }
}

fn decode(text: &str) -> Answer<Vec<u8>> {
    let bytes = text.as_bytes();
    let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_hexdigit);
    let is_broken = |(i, byte): (usize, &u8)| *byte == b'%' && !(is_digit(i + 1) && is_digit(i + 2));
    if bytes.iter().enumerate().any(is_broken) {
        return Err(Problem::bad_request(
            "a % in the query is followed by two hexadecimal digits",
        ));
    }
    let spaced: Vec<u8> = bytes.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    Ok(percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn values_are_bytes() {
        let params = Params::parse("path=/a%FF%2fb+c%2B&flag&n=7").unwrap();
        assert_eq!(params.bytes("path"), Some(&b"/a\xff/b c+"[..]));
        assert_eq!(params.flag("flag").unwrap(), Some(true));
        assert_eq!(params.parsed::<u64>("n").unwrap(), Some(7));
        assert!(params.text("path").is_err());
        assert!(params.only(&["path", "flag"]).is_err());
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        for query in ["a=1&a=2", "a=%", "a=%4", "a=%zz", "%FF=1"] {
            assert!(Params::parse(query).is_err(), "{query}");
        }
    }
}
