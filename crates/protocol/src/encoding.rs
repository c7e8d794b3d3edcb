//! The two encodings.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a message is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// [Postcard](https://postcard.jamesmunns.com/wire-format), for clients of this version. Content is not copied when it is
    /// read.
    Compact,
    /// JSON, for people and other languages.
    Json,
}

impl Format {
    /// Its media type. The compact one's name changes whenever what is sent does.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Compact => "application/vnd.tarbox.ops.v1",
            Self::Json => "application/json",
        }
    }

    /// The format of this media type, whatever its parameters.
    pub fn of_media_type(text: &str) -> Option<Self> {
        let name = text.split(';').next().unwrap_or_default().trim();
        [Self::Compact, Self::Json]
            .into_iter()
            .find(|format| format.media_type().eq_ignore_ascii_case(name))
    }
}

/// Why a message cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// It is not of this format.
    #[error("this is not a message of this format: {0}")]
    Malformed(String),
    /// It asks for more than may be asked for at once.
    #[error("{0}")]
    Limit(&'static str),
}

impl WireError {
    pub(crate) fn malformed(what: &str) -> Self {
        Self::Malformed(what.to_owned())
    }

    pub(crate) fn limit(what: &'static str) -> Self {
        Self::Limit(what)
    }
}

pub(crate) fn encode(message: &impl Serialize, format: Format) -> Vec<u8> {
    // Neither can fail: memory grows, and every map has text for keys.
    match format {
        Format::Compact => postcard::to_stdvec(message).unwrap_or_default(),
        Format::Json => serde_json::to_vec(message).unwrap_or_default(),
    }
}

pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8], format: Format) -> Result<T, WireError> {
    match format {
        Format::Compact => match postcard::take_from_bytes(bytes) {
            Ok((message, [])) => Ok(message),
            Ok(_) => Err(WireError::malformed("there is more behind its end")),
            Err(e) => Err(WireError::Malformed(e.to_string())),
        },
        Format::Json => serde_json::from_slice(bytes).map_err(|e| WireError::Malformed(e.to_string())),
    }
}
