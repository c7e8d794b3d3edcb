//! Choices that every transfer offers.

use crate::transfer::item::Meta;

/// What to do about something that is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Collision {
    /// Leave it, and report it.
    Refuse,
    /// Replace it, unless it is a directory.
    Replace,
}

impl Collision {
    /// What `--force` stands for.
    pub(crate) fn forced(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}

/// Who owns what is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owners {
    /// Whoever owned it.
    Keep,
    /// Whoever makes it.
    Caller,
    /// This user and group.
    Fixed(u32, u32),
}

impl Owners {
    /// Parses `auto`, `keep`, `caller` or `UID:GID`; `auto` keeps owners for root, who alone may set them.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<OwnerChoice, String> {
        Ok(match text {
            "auto" => OwnerChoice::Auto,
            "keep" => OwnerChoice::These(Self::Keep),
            "caller" => OwnerChoice::These(Self::Caller),
            other => {
                let (uid, gid) = crate::parse::owner::parse_whole(other)
                    .map_err(|e| format!("{e}; or write auto, keep or caller"))?;
                OwnerChoice::These(Self::Fixed(uid, gid))
            }
        })
    }

    /// The owner to set; `None` leaves it as it is made.
    pub(crate) fn of(self, meta: &Meta) -> Option<(u32, u32)> {
        let (uid, gid) = tarbox_fs::Owners::from(self).of(&meta.attributes());
        uid.zip(gid)
    }

    /// The permissions to set.
    pub(crate) fn mode_of(self, meta: &Meta) -> u32 {
        tarbox_fs::Owners::from(self).mode_of(&meta.attributes())
    }
}

impl From<Owners> for tarbox_fs::Owners {
    fn from(owners: Owners) -> Self {
        match owners {
            Owners::Keep => Self::Keep,
            Owners::Caller => Self::Caller,
            Owners::Fixed(uid, gid) => Self::Fixed(uid, gid),
        }
    }
}

impl From<Collision> for tarbox_tar::Collision {
    fn from(collision: Collision) -> Self {
        match collision {
            Collision::Refuse => Self::Refuse,
            Collision::Replace => Self::Replace,
        }
    }
}

/// An [`Owners`] that may depend on who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnerChoice {
    /// Keep owners where the caller may set them.
    Auto,
    /// As said.
    These(Owners),
}

impl OwnerChoice {
    /// The choice for who acts as this user; `numeric` stands for `--numeric-owner`, the short way to say keep.
    pub(crate) fn resolve(self, numeric: bool, uid: u32) -> Owners {
        if numeric { Owners::Keep } else { self.for_user(uid) }
    }

    /// The choice for who acts as this user.
    pub(crate) fn for_user(self, uid: u32) -> Owners {
        match self {
            Self::These(owners) => owners,
            Self::Auto if uid == 0 => Owners::Keep,
            Self::Auto => Owners::Caller,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_kept_where_they_can_be() {
        let auto = Owners::parse("auto").unwrap();
        assert_eq!(auto.for_user(0), Owners::Keep);
        assert_eq!(auto.for_user(7), Owners::Caller);
        assert_eq!(Owners::parse("1:2").unwrap().for_user(0), Owners::Fixed(1, 2));
        assert!(Owners::parse("").is_err());
    }
}
