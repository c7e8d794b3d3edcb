//! Calls that look, which several share a request for.

use crate::limits::CONTENT_MAX;
use crate::{Answer, Bytes, Call};

/// More than an answer takes that holds no content, no listing and no path.
const ANSWER_LEN: usize = 256;

impl Call<'_> {
    /// At most how many bytes its answer has.
    pub fn longest_answer(&self) -> usize {
        match self {
            Call::Read { len, .. } => *len as usize + ANSWER_LEN,
            Call::Walk { names, .. } => (names.len() + 1) * ANSWER_LEN,
            Call::List { limit, .. } | Call::ListNames { limit, .. } => {
                (*limit as usize + 1) * 2 * ANSWER_LEN
            }
            Call::Xattr { .. } | Call::Xattrs { .. } => 128 << 10,
            Call::PathOf { .. } | Call::ReadLink { .. } => 8 << 10,
            Call::Layers {} | Call::Diff { .. } | Call::Log { .. } => CONTENT_MAX,
            Call::FindLayer { .. } | Call::Checkpoint { .. } | Call::Tenant {} => 64 << 10,
            _ => ANSWER_LEN,
        }
    }

    /// Bytes of its answer at most, or those that are read to make it.
    pub fn weight(&self) -> usize {
        let read = match self {
            Call::Digests { size, count, .. } => u64::from(*size) * u64::from(*count),
            _ => 0,
        };
        self.longest_answer()
            .max(usize::try_from(read).unwrap_or(usize::MAX))
    }

    /// Whether it looks at one inode or one directory, and may share a request with others that do.
    pub fn shares(&self) -> bool {
        matches!(
            self,
            Call::Lookup { .. }
                | Call::Walk { .. }
                | Call::List { .. }
                | Call::ListNames { .. }
                | Call::Parent { .. }
                | Call::PathOf { .. }
                | Call::Attr { .. }
                | Call::Xattr { .. }
                | Call::Xattrs { .. }
                | Call::Read { .. }
                | Call::ReadLink { .. }
                | Call::Digests { .. }
        )
    }

    /// The same call by itself, if it [may share a request](Self::shares).
    pub fn to_owned_look(&self) -> Option<Call<'static>> {
        Some(match self {
            Call::Lookup { view, dir, name } => Call::Lookup {
                view: *view,
                dir: *dir,
                name: name.to_vec().into(),
            },
            Call::Walk { view, start, names } => Call::Walk {
                view: *view,
                start: *start,
                names: names.iter().map(|name| name.to_vec().into()).collect(),
            },
            Call::List {
                view,
                dir,
                after,
                limit,
            } => Call::List {
                view: *view,
                dir: *dir,
                after: *after,
                limit: *limit,
            },
            Call::ListNames {
                view,
                dir,
                after,
                limit,
            } => Call::ListNames {
                view: *view,
                dir: *dir,
                after: *after,
                limit: *limit,
            },
            Call::Parent { view, dir } => Call::Parent {
                view: *view,
                dir: *dir,
            },
            Call::PathOf { view, ino } => Call::PathOf {
                view: *view,
                ino: *ino,
            },
            Call::Attr { view, ino } => Call::Attr {
                view: *view,
                ino: *ino,
            },
            Call::Xattr { view, ino, name } => Call::Xattr {
                view: *view,
                ino: *ino,
                name: name.to_vec().into(),
            },
            Call::Xattrs { view, ino } => Call::Xattrs {
                view: *view,
                ino: *ino,
            },
            Call::Read {
                view,
                ino,
                offset,
                len,
                access,
            } => Call::Read {
                view: *view,
                ino: *ino,
                offset: *offset,
                len: *len,
                access: *access,
            },
            Call::ReadLink { view, ino } => Call::ReadLink {
                view: *view,
                ino: *ino,
            },
            Call::Digests {
                view,
                ino,
                from,
                size,
                count,
            } => Call::Digests {
                view: *view,
                ino: *ino,
                from: *from,
                size: *size,
                count: *count,
            },
            _ => return None,
        })
    }
}

impl Answer<'_> {
    /// The same answer by itself, if it is one to such a call.
    pub fn into_owned_look(self) -> Option<Answer<'static>> {
        let owned = |bytes: Bytes<'_>| Bytes::from(bytes.into_vec());
        Some(match self {
            Answer::Attr(attr) => Answer::Attr(attr),
            Answer::Attrs(attrs) => Answer::Attrs(attrs),
            Answer::Entries(entries) => Answer::Entries(entries),
            Answer::Names(names) => Answer::Names(names),
            Answer::Ino(ino) => Answer::Ino(ino),
            Answer::Bytes(bytes) => Answer::Bytes(owned(bytes)),
            Answer::ListOfBytes(list) => Answer::ListOfBytes(list.into_iter().map(owned).collect()),
            _ => return None,
        })
    }
}
