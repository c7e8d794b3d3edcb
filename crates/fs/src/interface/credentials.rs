//! Who asks.

use std::sync::Arc;

use tarbox_store::{Actor, Ino, Seq};

/// The user on whose behalf an operation is done: decides permissions, owns what is made, and is named in the audit.
///
/// Cheap to clone; a way in makes one per session or process and passes it by reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Effective user and group, and the way in, as the audit records them.
    pub actor: Actor,
    /// Supplementary groups.
    pub groups: Arc<[u32]>,
    /// Permission bits that are never given to what is made: 9 bits.
    pub umask: u32,
    /// Whether permissions are still to be checked.
    pub checks: Checks,
    /// See [`if_version`](Self::if_version).
    pub expects: Option<(Ino, Seq)>,
}

/// Who checks permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Checks {
    /// This file system, by user, groups and modes.
    #[default]
    Here,
    /// The caller has done so already, and knows more of the user: a kernel that sees supplementary groups,
    /// capabilities and namespaces. What is made still belongs to the user, and the audit names them.
    Done,
}

impl Credentials {
    /// A user of one group, umask 022. `agent` names the way in and, where known, the program: `run:python.wasm`.
    pub fn new(uid: u32, gid: u32, agent: impl Into<Arc<str>>) -> Self {
        Self {
            actor: Actor {
                uid,
                gid,
                agent: agent.into(),
            },
            groups: Arc::from([]),
            umask: 0o022,
            checks: Checks::Here,
            expects: None,
        }
    }

    /// User and group 0, umask 022: passes every permission check, as a process with all capabilities does.
    pub fn root(agent: impl Into<Arc<str>>) -> Self {
        Self::new(0, 0, agent)
    }

    /// The same with these supplementary groups.
    #[must_use]
    pub fn with_groups(self, groups: impl Into<Arc<[u32]>>) -> Self {
        Self {
            groups: groups.into(),
            ..self
        }
    }

    /// The same with this umask; bits beyond the nine permission bits are ignored.
    #[must_use]
    pub fn with_umask(self, umask: u32) -> Self {
        Self {
            umask: umask & 0o777,
            ..self
        }
    }

    /// The same for changes that are to be made only as long as the inode is at this [version](tarbox_store::Attr::version): any
    /// other is `Stale`, in the same step. Opening the inode fails so, too, and so does the first change through a handle that
    /// was opened like this; those behind it follow from it.
    #[must_use]
    pub fn if_version(self, ino: Ino, version: Seq) -> Self {
        Self {
            expects: Some((ino, version)),
            ..self
        }
    }

    /// What is left of the permissions that something is to be made with.
    pub fn less_umask(&self, mode: u32) -> u32 {
        mode & !self.umask
    }

    /// Effective user id.
    pub fn uid(&self) -> u32 {
        self.actor.uid
    }

    /// Effective group id.
    pub fn gid(&self) -> u32 {
        self.actor.gid
    }

    /// The same for a caller who has checked permissions already.
    #[must_use]
    pub fn already_checked(self) -> Self {
        Self {
            checks: Checks::Done,
            ..self
        }
    }

    /// Whether nothing is left to check: root, or somebody whose permissions were checked before.
    pub fn is_exempt(&self) -> bool {
        self.is_root() || self.checks == Checks::Done
    }

    /// Whether a set-group-ID bit set on their behalf stays on what belongs to the group `gid`. Else it is dropped in silence,
    /// as POSIX has it.
    pub fn keeps_set_group_id(&self, gid: u32) -> bool {
        self.is_exempt() || self.in_group(gid)
    }

    /// Whether every permission check passes.
    pub fn is_root(&self) -> bool {
        self.actor.uid == 0
    }

    /// Whether `gid` is the effective or a supplementary group.
    pub fn in_group(&self, gid: u32) -> bool {
        self.actor.gid == gid || self.groups.contains(&gid)
    }
}
