//! Owners as `chown` takes them: `USER`, `USER:GROUP`, `:GROUP`, each by name or number.

use crate::platform;

/// The owner and the group to set; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
}

/// Parses an owner. Names are looked up among the users of the host; `USER:` means the group that the user logs in with.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Owner, String> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let uid = (!user.is_empty()).then(|| user_id(user)).transpose()?;
    let gid = match (group, uid) {
        (None, _) | (Some(""), None) => None,
        (Some(""), Some(uid)) => Some(platform::login_group(uid).ok_or_else(|| {
            format!("there is no user {uid} on this host whose group could be used; use {uid}:GROUP")
        })?),
        (Some(group), _) => Some(group_id(group)?),
    };
    if uid.is_none() && gid.is_none() {
        return Err(format!(
            "'{text}' is not an owner; use USER, USER:GROUP or :GROUP, by name or number"
        ));
    }
    Ok(Owner { uid, gid })
}

/// Parses a user, by name or number.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn user_id(text: &str) -> Result<u32, String> {
    number(text, platform::user_id, "user")
}

fn group_id(text: &str) -> Result<u32, String> {
    number(text, platform::group_id, "group")
}

fn number(text: &str, lookup: fn(&str) -> Option<u32>, what: &str) -> Result<u32, String> {
    // 2^32 - 1 is what the system's calls take for "leave it".
    match text.parse::<u32>() {
        Ok(n) if n != u32::MAX => Ok(n),
        _ => lookup(text).ok_or_else(|| format!("there is no {what} '{text}' on this host; use a number")),
    }
}

/// Somebody to act as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Supplementary groups.
    pub(crate) groups: Vec<u32>,
}

/// Parses `USER` or `USER:GROUP,GROUP…`. The groups named are all there are, and the first is the effective one. With none,
/// a name stands for a user of the host with their groups there, and a number for a user with the group of that number.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn parse_user(text: &str) -> Result<User, String> {
    let (user, groups) = match text.split_once(':') {
        Some((user, groups)) => (user, Some(groups)),
        None => (text, None),
    };
    if user.is_empty() {
        return Err(format!(
            "'{text}' is not a user; use USER or USER:GROUP,GROUP…, by name or number"
        ));
    }
    let uid = user_id(user)?;
    let Some(groups) = groups.filter(|groups| !groups.is_empty()) else {
        let by_number = user.parse::<u32>().is_ok();
        let login = (!by_number).then(|| platform::login_group(uid)).flatten();
        return Ok(User {
            uid,
            gid: login.unwrap_or(uid),
            groups: login.map(|_| platform::groups_of(uid)).unwrap_or_default(),
        });
    };
    let mut groups = groups.split(',').map(group_id).collect::<Result<Vec<_>, _>>()?;
    let gid = groups.remove(0);
    Ok(User { uid, gid, groups })
}

/// Parses an owner that is complete: `USER` or `USER:GROUP`. Without a group it is the one [`parse_user`] would say.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn parse_whole(text: &str) -> Result<(u32, u32), String> {
    let user = parse_user(text)?;
    if text.contains(',') {
        return Err(format!("'{text}' has several groups; an owner has only one"));
    }
    Ok((user.uid, user.gid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_and_without_a_group() {
        assert_eq!(
            parse("1000"),
            Ok(Owner {
                uid: Some(1000),
                gid: None
            })
        );
        assert_eq!(
            parse("1:2"),
            Ok(Owner {
                uid: Some(1),
                gid: Some(2)
            })
        );
        assert_eq!(
            parse(":7"),
            Ok(Owner {
                uid: None,
                gid: Some(7)
            })
        );
        assert_eq!(parse_whole("4000005"), Ok((4_000_005, 4_000_005)));
        assert_eq!(parse_whole("5:6"), Ok((5, 6)));
        for text in ["", ":", "4294967295", "-1", "no such user at all", ":4294967296"] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in [":7", "", "5:6,", "5:,6", "5:6,no such group at all"] {
            assert!(parse_user(text).is_err(), "{text}");
        }
        assert!(parse_whole("5:6,7").is_err());
        assert!(parse("4000005:").unwrap_err().contains("4000005:GROUP"));
    }

    #[test]
    fn groups_are_those_that_are_named() {
        let user = |uid, gid, groups: &[u32]| {
            Ok(User {
                uid,
                gid,
                groups: groups.to_vec(),
            })
        };
        assert_eq!(parse_user("5"), user(5, 5, &[]));
        assert_eq!(parse_user("5:"), user(5, 5, &[]));
        assert_eq!(parse_user("5:6"), user(5, 6, &[]));
        assert_eq!(parse_user("5:6,7,8"), user(5, 6, &[7, 8]));
    }

    #[cfg(unix)]
    #[test]
    fn a_name_brings_its_groups_along() {
        let root = parse_user("root").unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert!(root.groups.contains(&0), "{:?}", root.groups);
        assert_eq!(parse("root:"), parse("0:0"));
    }
}
