//! Choices that every transfer offers.

use tarbox_fs::Owners;

/// An [`Owners`] that may depend on who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnerChoice {
    /// Keep owners where the caller may set them.
    Auto,
    /// As said.
    These(Owners),
}

impl OwnerChoice {
    /// Parses `auto`, `keep`, `caller` or `UID:GID`; `auto` keeps owners for root, who alone may set them.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "auto" => Self::Auto,
            "keep" => Self::These(Owners::Keep),
            "caller" => Self::These(Owners::Caller),
            other => {
                let (uid, gid) = crate::parse::owner::parse_whole(other)
                    .map_err(|e| format!("{e}; or use auto, keep or caller"))?;
                Self::These(Owners::Fixed(uid, gid))
            }
        })
    }

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
        let auto = OwnerChoice::parse("auto").unwrap();
        assert_eq!(auto.for_user(0), Owners::Keep);
        assert_eq!(auto.for_user(7), Owners::Caller);
        assert_eq!(
            OwnerChoice::parse("1:2").unwrap().for_user(0),
            Owners::Fixed(1, 2)
        );
        assert!(OwnerChoice::parse("").is_err());
    }
}
