//! A batch: what one request asks for.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tarbox_store::{DIGESTS_MAX, Timestamp};

use crate::encoding::{self, Format, WireError};
use crate::limits::*;
use crate::{Call, Class, Condition, Node};

/// Calls that are executed in order until one fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch<'a> {
    /// On whose behalf.
    #[serde(borrow, default)]
    pub by: By<'a>,
    /// When the tenant was made that is meant: one that was deleted and made again is another.
    #[serde(default)]
    pub made: Option<Timestamp>,
    /// The session it belongs to, which it renews.
    #[serde(default)]
    pub session: Option<SessionId>,
    /// Makes it safe to send again. Only with a session.
    #[serde(default)]
    pub slot: Option<Slot>,
    /// All changes or none: first calls that look, then changes of files (none of `gc` and `log_refusal`), which are made as one.
    #[serde(default)]
    pub atomic: bool,
    /// Calls that look, each for itself: one that fails does not end the batch, its answer is
    /// [`Failed`](crate::Answer::Failed).
    #[serde(default)]
    pub each: bool,
    /// What has to hold when the first call that changes something is executed.
    #[serde(borrow, default)]
    pub conditions: Vec<Condition<'a>>,
    /// Whether the reply waits until everything it tells of is on the device.
    #[serde(default)]
    pub durable: bool,
    /// What is to be done.
    #[serde(borrow)]
    pub calls: Vec<Call<'a>>,
}

/// On whose behalf a batch acts. The server adds which key it came with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By<'a> {
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// The way in and the program at the client's side.
    #[serde(borrow)]
    pub agent: Cow<'a, str>,
}

/// A place in a session whose last reply is kept.
///
/// A batch with the sequence number of the last one gets the reply of that again and is not executed; one with a larger
/// number is executed; a smaller one is refused. So a client that got no answer sends the same again, and one that
/// gave up goes on with the next number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Which: below [`SLOTS_MAX`].
    pub number: u16,
    /// 1 for the first batch in the slot.
    pub sequence: u64,
}

/// The number of a session, which nobody can guess. As text, 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    /// Not the number, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

impl FromStr for SessionId {
    type Err = WireError;

    fn from_str(text: &str) -> Result<Self, WireError> {
        let mut bytes = [0; 16];
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(WireError::malformed("a session has 32 hexadecimal digits"));
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = str::from_utf8(pair).ok();
            let value = pair.filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
            let value = value.and_then(|pair| u8::from_str_radix(pair, 16).ok());
            *byte = value.ok_or_else(|| WireError::malformed("a session has 32 hexadecimal digits"))?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(self),
            false => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Deserialize::deserialize(deserializer).map(Self);
        }
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<'a> Batch<'a> {
    /// These calls, for root and without a session.
    pub fn new(calls: Vec<Call<'a>>) -> Self {
        Self {
            by: By::default(),
            made: None,
            session: None,
            slot: None,
            atomic: false,
            each: false,
            conditions: Vec::new(),
            durable: false,
            calls,
        }
    }

    /// The bytes to send.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        encoding::encode(self, format)
    }

    /// Reads a batch that somebody sent, and checks every limit.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &'a [u8], format: Format) -> Result<Self, WireError> {
        if bytes.len() > REQUEST_MAX {
            return Err(WireError::limit("a request has at most 17 MiB"));
        }
        let batch: Self = encoding::decode(bytes, format)?;
        batch.check()?;
        Ok(batch)
    }

    fn check(&self) -> Result<(), WireError> {
        if self.calls.len() > CALLS_MAX {
            return Err(WireError::limit("a batch has at most 1,024 calls"));
        }
        if self.conditions.len() > CONDITIONS_MAX {
            return Err(WireError::limit("a batch has at most 1,024 conditions"));
        }
        if self.by.agent.len() > AGENT_MAX || self.by.agent.chars().any(char::is_control) {
            return Err(WireError::limit(
                "an agent has at most 255 bytes and no control characters",
            ));
        }
        let only_looks = || self.calls.iter().all(|call| call.class() == Class::Look);
        if self.each && (self.atomic || !only_looks()) {
            return Err(WireError::malformed("'each' is for calls that look"));
        }
        if let Some(slot) = self.slot
            && (self.session.is_none() || slot.number >= SLOTS_MAX || slot.sequence == 0)
        {
            return Err(WireError::limit(
                "a slot needs a session, a number below 64 and a sequence from 1",
            ));
        }
        let (mut to_read, mut to_digest) = (0, 0_u64);
        for (at, call) in self.calls.iter().enumerate() {
            if call
                .nodes()
                .any(|node| matches!(node, Node::Answer(to) if usize::from(to) >= at))
            {
                return Err(WireError::malformed(
                    "a call names the answer of one that does not come before it",
                ));
            }
            match call {
                Call::Walk { names, .. } if names.len() > WALK_MAX => {
                    return Err(WireError::limit("a walk has at most 2,048 names"));
                }
                Call::List { limit, .. } | Call::ListNames { limit, .. } if *limit as usize > LIST_MAX => {
                    return Err(WireError::limit("a listing has at most 4,096 entries"));
                }
                Call::Log { query } if query.0.limit > LOG_MAX => {
                    return Err(WireError::limit("a query of the log has at most 10,000 records"));
                }
                Call::Changed { .. } if at > 0 => {
                    return Err(WireError::limit("only the first call may wait for a change"));
                }
                Call::Changed { patience_ms, .. } if *patience_ms > PATIENCE_MAX_MS => {
                    return Err(WireError::limit("a call waits for a change at most 60 seconds"));
                }
                Call::Read { len, .. } => to_read += u64::from(*len),
                Call::Digests { size, count, .. } => {
                    to_digest += u64::from(*size) * u64::from(*count);
                }
                _ => {}
            }
        }
        if to_digest > DIGESTS_MAX {
            return Err(WireError::limit(
                "the pieces that a batch hashes have at most 256 MiB together",
            ));
        }
        match to_read <= CONTENT_MAX as u64 {
            true => Ok(()),
            false => Err(WireError::limit(
                "the reads of a batch have at most 16 MiB together",
            )),
        }
    }
}

impl Call<'_> {
    /// The inodes it names.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        let pair = match *self {
            Call::Lookup { dir, .. }
            | Call::List { dir, .. }
            | Call::ListNames { dir, .. }
            | Call::Parent { dir, .. }
            | Call::Create { dir, .. }
            | Call::Unlink { dir, .. } => [Some(dir), None],
            Call::Walk { start, .. } => [Some(start), None],
            Call::PathOf { ino, .. }
            | Call::Attr { ino, .. }
            | Call::Xattr { ino, .. }
            | Call::Xattrs { ino, .. }
            | Call::Read { ino, .. }
            | Call::ReadLink { ino, .. }
            | Call::Seek { ino, .. }
            | Call::Digests { ino, .. }
            | Call::IsHeld { ino }
            | Call::SetAttr { ino, .. }
            | Call::SetXattr { ino, .. }
            | Call::RemoveXattr { ino, .. }
            | Call::Write { ino, .. }
            | Call::Allocate { ino, .. }
            | Call::Hold { ino }
            | Call::Release { ino } => [Some(ino), None],
            Call::Link { ino, dir, .. } => [Some(ino), Some(dir)],
            Call::Rename { from_dir, to_dir, .. } => [Some(from_dir), Some(to_dir)],
            Call::CopyRange { source, target, .. } => [Some(source), Some(target)],
            _ => [None, None],
        };
        pair.into_iter().flatten()
    }
}
