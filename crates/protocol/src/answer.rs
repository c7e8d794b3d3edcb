//! What is answered.

use serde::{Deserialize, Serialize};
use tarbox_store::*;

use crate::encoding::{self, Format, WireError};
use crate::limits::REPLY_MAX;
use crate::{Bytes, SessionId, Wire};

/// What a call answers when it succeeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<'a> {
    /// It was done.
    Done,
    /// The attributes of an inode.
    Attr(Wire<Attr>),
    /// Those of several.
    Attrs(Vec<Wire<Attr>>),
    /// Entries of a directory.
    Entries(Vec<Wire<DirEntry>>),
    /// The same without attributes.
    Names(Vec<Wire<DirName>>),
    /// An inode's number.
    Ino(Ino),
    /// Content, a value, a path.
    #[serde(borrow)]
    Bytes(Bytes<'a>),
    /// Names of extended attributes.
    #[serde(borrow)]
    ListOfBytes(Vec<Bytes<'a>>),
    /// What a write did.
    Written(Wire<Written>),
    /// A number of bytes, or an offset.
    Number(u64),
    /// Yes or no.
    Yes(bool),
    /// Where the tenant stands.
    Position(Wire<Position>),
    /// One layer.
    Layer(Wire<LayerInfo>),
    /// All of them.
    Layers(Vec<Wire<LayerInfo>>),
    /// Differences between two layers.
    Changes(Vec<Wire<Change>>),
    /// A position in the log.
    Seq(Seq),
    /// Records of the log.
    Records(Vec<Wire<LogRecord>>),
    /// The tenant.
    Tenant(Wire<TenantInfo>),
    /// Free bytes, if that is known.
    Free(Option<u64>),
    /// Counters.
    Performance(Wire<Performance>),
    /// What was collected.
    Gc(Wire<GcReport>),
    /// A call failed among others that do not depend on it.
    Failed(Failure),
    /// The session that was opened.
    Session {
        /// Its number.
        id: SessionId,
        /// How long it lives without a request, in milliseconds.
        lease_ms: u32,
    },
}

impl Answer<'_> {
    /// The inode it names, for [`Node::Answer`](crate::Node::Answer).
    pub fn ino(&self) -> Option<Ino> {
        match self {
            Self::Attr(attr) => Some(attr.0.ino),
            Self::Attrs(attrs) => attrs.last().map(|attr| attr.0.ino),
            Self::Ino(ino) => Some(*ino),
            _ => None,
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The symbolic name of the kind: `ENOENT`.
    pub code: String,
    /// What it was about.
    #[serde(default)]
    pub subject: Option<String>,
    /// What was expected, or what to do.
    #[serde(default)]
    pub detail: Option<String>,
}

impl From<&Error> for Failure {
    /// What lies underneath an error stays at the server: it may name what is the server's alone.
    fn from(error: &Error) -> Self {
        Self {
            code: error.kind().code().to_owned(),
            subject: error.subject().map(str::to_owned),
            detail: error.detail().map(str::to_owned),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let mut error = match ErrorKind::from_code(&failure.code) {
            Some(kind) => Self::new(kind),
            None => Self::new(ErrorKind::Io).because("the server gave an error that is not known here"),
        };
        if let Some(subject) = failure.subject {
            error = error.about(subject);
        }
        match failure.detail {
            Some(detail) => error.because(detail),
            None => error,
        }
    }
}

/// What a batch came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply<'a> {
    /// The position of the tenant's last record before the batch was executed: everything up to it is in the answers.
    pub before: Seq,
    /// The same afterwards: nothing behind it is in the answers.
    pub after: Seq,
    /// The answers of the calls that succeeded, in order.
    #[serde(borrow)]
    pub answers: Vec<Answer<'a>>,
    /// Why the call behind them failed; those that follow it were not executed.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Which call it was that failed, where it is another: of changes that are made as one, none has an answer then.
    #[serde(default)]
    pub failed: Option<u16>,
}

impl<'a> Reply<'a> {
    /// The bytes to send.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        encoding::encode(self, format)
    }

    /// Reads what a server answered.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &'a [u8], format: Format) -> Result<Self, WireError> {
        if bytes.len() > REPLY_MAX {
            return Err(WireError::limit("a reply has at most 256 MiB"));
        }
        encoding::decode(bytes, format)
    }
}
