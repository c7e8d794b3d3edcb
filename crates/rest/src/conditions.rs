//! Entity tags, and what a request makes its change or its answer depend on.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tarbox_store::{Attr, Timestamp};

use crate::problem::{Answer, Problem};

/// The entity tag of what has these attributes: the inode, and when it was changed last.
pub fn tag(attr: &Attr) -> String {
    format!("\"{:x}-{:x}\"", attr.ino.0, attr.ctime.0)
}

/// The same as a header.
pub fn tag_header(attr: &Attr) -> HeaderValue {
    HeaderValue::try_from(tag(attr)).unwrap_or(HeaderValue::from_static("\"\""))
}

/// A time as headers have it.
pub fn http_date(time: Timestamp) -> Option<HeaderValue> {
    let seconds = u64::try_from(time.seconds()).ok()?;
    let date = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    HeaderValue::try_from(httpdate::fmt_http_date(date)).ok()
}

/// `If-Match` and `If-None-Match`, as far as they are there.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    matches: Option<Tags>,
    matches_none: Option<Tags>,
}

#[derive(Debug, Clone)]
enum Tags {
    Any,
    These(Vec<String>),
}

impl Tags {
    fn read(headers: &HeaderMap, name: HeaderName) -> Answer<Option<Self>> {
        let mut all = Vec::new();
        for value in headers.get_all(&name) {
            let wrong = || Problem::bad_request(format!("{name} is * or a list of entity tags in quotes"));
            let text = value.to_str().map_err(|_| wrong())?;
            if text.trim() == "*" {
                return Ok(Some(Self::Any));
            }
            for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
                let strong = tag.strip_prefix("W/").unwrap_or(tag);
                if strong.len() < 2 || !strong.starts_with('"') || !strong.ends_with('"') {
                    return Err(wrong());
                }
                all.push(tag.to_owned());
            }
        }
        let there = headers.contains_key(&name);
        Ok(there.then_some(Self::These(all)))
    }

    /// Whether one of them is that of `attr`. For `If-Match` a weak one never is.
    fn have(&self, attr: Option<&Attr>, weak: bool) -> bool {
        let Some(attr) = attr else { return false };
        let own = tag(attr);
        let same = |tag: &String| *tag == own || weak && tag.strip_prefix("W/") == Some(&own);
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(same),
        }
    }
}

impl Conditions {
    /// Reads the conditions of a request.
    pub fn of(headers: &HeaderMap) -> Answer<Self> {
        Ok(Self {
            matches: Tags::read(headers, header::IF_MATCH)?,
            matches_none: Tags::read(headers, header::IF_NONE_MATCH)?,
        })
    }

    /// Whether there are any.
    pub fn are_there(&self) -> bool {
        self.matches.is_some() || self.matches_none.is_some()
    }

    /// Whether they only ask that nothing is there yet.
    pub fn want_nothing(&self) -> bool {
        matches!(self.matches_none, Some(Tags::Any))
    }

    /// Whether a change may be made to what is there.
    pub fn allow_change(&self, there: Option<&Attr>) -> Answer<()> {
        let fits = self.matches.as_ref().is_none_or(|tags| tags.have(there, false))
            && !self
                .matches_none
                .as_ref()
                .is_some_and(|tags| tags.have(there, true));
        if fits { Ok(()) } else { Err(failed(there)) }
    }

    /// Whether an answer is to be made of what is there; `false` if the client has it.
    pub fn allow_answer(&self, there: &Attr) -> Answer<bool> {
        if self
            .matches
            .as_ref()
            .is_some_and(|tags| !tags.have(Some(there), false))
        {
            return Err(failed(Some(there)));
        }
        Ok(!self
            .matches_none
            .as_ref()
            .is_some_and(|tags| tags.have(Some(there), true)))
    }
}

/// What is there is not what the request expects.
pub fn failed(there: Option<&Attr>) -> Problem {
    let problem = Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "PRECONDITION_FAILED",
        "what is there is not what the request expects",
    );
    match there {
        Some(attr) => problem.with(header::ETAG, tag_header(attr)),
        None => problem.because("nothing is there"),
    }
}
