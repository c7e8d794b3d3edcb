//! Owners as `chown` takes them: `USER`, `USER:GROUP`, `:GROUP`, each by name or number.

use crate::platform;

/// The owner and the group to set; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
}

/// Parses an owner. Names are looked up among the users of the host.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Owner, String> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let uid = (!user.is_empty())
        .then(|| number(user, platform::user_id, "user"))
        .transpose()?;
    let gid = match group {
        Some("") | None => None,
        Some(group) => Some(number(group, platform::group_id, "group")?),
    };
    if uid.is_none() && gid.is_none() {
        return Err(format!(
            "'{text}' names nobody; write USER, USER:GROUP or :GROUP, by name or number"
        ));
    }
    Ok(Owner { uid, gid })
}

fn number(text: &str, lookup: fn(&str) -> Option<u32>, what: &str) -> Result<u32, String> {
    // 2^32 - 1 is what the system's calls take for "leave it".
    match text.parse::<u32>() {
        Ok(n) if n != u32::MAX => Ok(n),
        _ => lookup(text).ok_or_else(|| format!("there is no {what} '{text}' on this host; write a number")),
    }
}

/// Somebody to act as: `UID` or `UID:GID`. Without a group it is the one with the user's number.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(crate) fn parse_user(text: &str) -> Result<(u32, u32), String> {
    let owner = parse(text)?;
    let uid = owner.uid.ok_or_else(|| format!("'{text}' names no user"))?;
    Ok((uid, owner.gid.unwrap_or(uid)))
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
        assert_eq!(parse_user("5"), Ok((5, 5)));
        assert_eq!(parse_user("5:6"), Ok((5, 6)));
        for text in ["", ":", "4294967295", "-1", "no such user at all", ":4294967296"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse_user(":7").is_err());
    }
}
