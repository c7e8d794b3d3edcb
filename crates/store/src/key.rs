//! Keys: what lets somebody in from afar, and on behalf of whom.

use std::future::Future;

use serde::Serialize;

use crate::{MaybeSend, MaybeSync, Result, Timestamp};

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $word:literal;)*) => {
        /// What a key may do at most; each may do what those before it may.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Scope { $($(#[$doc])* $name = $number,)* }

        impl Scope {
            /// Every scope, the narrowest first.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// Its word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
            /// The scope with this number in stored rows.
            pub fn from_number(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
            /// The scope with this word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

scopes! {
    /// Read files, attributes, layers and the audit.
    Read = 1, "read";
    /// Change files and attributes, too.
    Write = 2, "write";
    /// Change layers and tags, too.
    Layers = 3, "layers";
    /// Administer the database: every tenant, quotas, checks and garbage collection, too.
    Admin = 4, "admin";
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A key as it is kept: its secret is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Names it: 1 to 32 bytes of `a-z 0-9`, unique in the database, also after it was revoked.
    pub id: String,
    /// What the user calls it; may be empty, and need not be unique.
    pub name: String,
    /// The tenant it belongs to. It goes with that tenant: another of the same name does not get it.
    pub tenant: String,
    /// What it may do at most.
    pub scope: Scope,
    /// The directory that it is confined to, absolute; the root is `/`.
    #[serde(serialize_with = "crate::text::path")]
    pub path: Vec<u8>,
    /// The user it acts as.
    pub uid: u32,
    /// The group it acts as.
    pub gid: u32,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// The BLAKE3 hash of its secret.
    #[serde(skip)]
    pub hash: [u8; 32],
}

/// Where keys are kept: in the database, beside the tenants.
///
/// A database that never had a key answers as one without keys. What was added or revoked is durable, and seen by every
/// process that asks afterwards.
pub trait Keys: MaybeSend + MaybeSync {
    /// Keeps a new key. `Exists` if its id is taken, `NotFound` if there is no such tenant.
    fn add_key(&self, key: &Key) -> impl Future<Output = Result<()>> + MaybeSend;

    /// The key of this id, whatever became of it; `None` if there is none. It is asked for at every request.
    fn key(&self, id: &str) -> impl Future<Output = Result<Option<Key>>> + MaybeSend;

    /// Every key of every tenant, the oldest first.
    fn keys(&self) -> impl Future<Output = Result<Vec<Key>>> + MaybeSend;

    /// Revokes a key for ever, and answers it; one that was revoked before keeps the time of that. `NotFound` if there is none.
    fn revoke_key(&self, id: &str, at: Timestamp) -> impl Future<Output = Result<Key>> + MaybeSend;
}
