//! Who may do what: the rules of POSIX and, where that leaves a choice, of Linux. Pure functions of who asks, of
//! attributes and of what is asked.

use tarbox_store::{Attr, ErrorKind, FileKind, Result, SetAttr, SetTime};

use crate::interface::{AccessMask, Checks, Credentials, NewNode};

pub(crate) const SETUID: u32 = 0o4000;
pub(crate) const SETGID: u32 = 0o2000;
pub(crate) const STICKY: u32 = 0o1000;
const GROUP_EXECUTE: u32 = 0o010;

/// Whether the permission bits allow all of `mask`. Root may everything, but execute only what somebody may.
pub(crate) fn allows(who: &Credentials, attr: &Attr, mask: AccessMask) -> bool {
    if who.checks == Checks::Done {
        return true;
    }
    if who.is_root() {
        return attr.is_dir() || !mask.contains(AccessMask::EXECUTE) || attr.mode & 0o111 != 0;
    }
    let class = if who.uid() == attr.uid {
        attr.mode >> 6
    } else if who.in_group(attr.gid) {
        attr.mode >> 3
    } else {
        attr.mode
    };
    AccessMask::from_bits(class).contains(mask)
}

/// `Access` unless the permission bits allow all of `mask`.
pub(crate) fn require(who: &Credentials, attr: &Attr, mask: AccessMask) -> Result<()> {
    match allows(who, attr, mask) {
        true => Ok(()),
        false => Err(ErrorKind::Access.into()),
    }
}

/// Whether `who` is the owner or root.
pub(crate) fn owns(who: &Credentials, attr: &Attr) -> bool {
    who.is_exempt() || who.uid() == attr.uid
}

/// `NotPermitted` unless `who` is the owner or root.
pub(crate) fn require_owner(who: &Credentials, attr: &Attr) -> Result<()> {
    match owns(who, attr) {
        true => Ok(()),
        false => Err(ErrorKind::NotPermitted.into()),
    }
}

/// The sticky bit of a directory: only the owner of the entry, of the directory, or root takes an entry away.
pub(crate) fn require_unstuck(who: &Credentials, dir: &Attr, entry: &Attr) -> Result<()> {
    match dir.mode & STICKY == 0 || owns(who, dir) || owns(who, entry) {
        true => Ok(()),
        false => Err(ErrorKind::NotPermitted.into()),
    }
}

/// Mode, owner and group of what is made in a directory.
pub(crate) fn of_new_node(who: &Credentials, dir: &Attr, node: &NewNode<'_>) -> (u32, u32, u32) {
    let inherits = dir.mode & SETGID != 0;
    let gid = if inherits { dir.gid } else { who.gid() };
    let masked = |mode: u32| who.less_umask(mode & 0o7777);
    let mode = match *node {
        NewNode::Symlink { .. } => 0o777,
        NewNode::Directory { mode } => {
            let set_group_id = if inherits { SETGID } else { 0 };
            masked(mode) & !(SETUID | SETGID) | set_group_id
        }
        NewNode::File { mode }
        | NewNode::Fifo { mode }
        | NewNode::Socket { mode }
        | NewNode::CharDevice { mode, .. }
        | NewNode::BlockDevice { mode, .. } => {
            let mode = masked(mode);
            let foreign = inherits && !who.keeps_set_group_id(gid);
            let executes_as_group = SETGID | GROUP_EXECUTE;
            if foreign && mode & executes_as_group == executes_as_group {
                mode & !SETGID
            } else {
                mode
            }
        }
    };
    (mode, who.uid(), gid)
}

/// What `set` may become on behalf of `who`: checked, with setuid and setgid cleared where the rules say so.
pub(crate) fn of_set_attr(who: &Credentials, attr: &Attr, set: &SetAttr) -> Result<SetAttr> {
    let mut allowed = SetAttr {
        clear_setid: false,
        ..*set
    };
    require_owner_changes(who, attr, set)?;
    require_times(who, attr, set)?;
    if let Some(mode) = set.mode {
        require_owner(who, attr)?;
        if attr.kind == FileKind::Symlink {
            return Err(ErrorKind::Unsupported.into());
        }
        let gid = set.gid.unwrap_or(attr.gid);
        let dropped = if who.keeps_set_group_id(gid) { 0 } else { SETGID };
        allowed.mode = Some(mode & 0o7777 & !dropped);
    }
    if set.size.is_some() {
        require(who, attr, AccessMask::WRITE)?;
    }
    let changes_owner = (set.uid.is_some() || set.gid.is_some()) && !attr.is_dir();
    let cuts = set.size.is_some() && !who.is_root();
    if (changes_owner || cuts) && set.mode.is_none() {
        clear_setid(who, attr, &mut allowed);
    }
    Ok(allowed)
}

/// Clears setuid, and setgid where the group may execute or is foreign to `who`.
fn clear_setid(who: &Credentials, attr: &Attr, set: &mut SetAttr) {
    set.clear_setid = true;
    let foreign = !who.keeps_set_group_id(attr.gid);
    if foreign && attr.mode & (SETGID | GROUP_EXECUTE) == SETGID {
        set.mode = Some(attr.mode & !(SETUID | SETGID));
    }
}

/// Only root gives files away; the owner may give them to a group of their own.
fn require_owner_changes(who: &Credentials, attr: &Attr, set: &SetAttr) -> Result<()> {
    if set.uid == Some(u32::MAX) || set.gid == Some(u32::MAX) {
        return Err(ErrorKind::Invalid.into());
    }
    let owner = who.uid() == attr.uid;
    let uid = set.uid.is_none_or(|uid| owner && uid == attr.uid);
    let gid = set
        .gid
        .is_none_or(|gid| owner && (gid == attr.gid || who.in_group(gid)));
    match who.is_exempt() || (uid && gid) {
        true => Ok(()),
        false => Err(ErrorKind::NotPermitted.into()),
    }
}

/// Who may write may set both times to now; all else is the owner's.
fn require_times(who: &Credentials, attr: &Attr, set: &SetAttr) -> Result<()> {
    if set.atime.is_none() && set.mtime.is_none() || owns(who, attr) {
        return Ok(());
    }
    match (set.atime, set.mtime) {
        (Some(SetTime::Now), Some(SetTime::Now)) => require(who, attr, AccessMask::WRITE),
        _ => Err(ErrorKind::NotPermitted.into()),
    }
}

#[cfg(test)]
mod tests {
    use tarbox_store::{Ino, Seq, Timestamp};

    use super::*;

    fn attr(kind: FileKind, mode: u32, uid: u32, gid: u32) -> Attr {
        Attr {
            ino: Ino(9),
            kind,
            mode,
            uid,
            gid,
            nlink: 1,
            size: 0,
            blocks: 0,
            rdev: 0,
            xattrs: 0,
            atime: Timestamp(0),
            mtime: Timestamp(0),
            ctime: Timestamp(0),
            btime: Timestamp(0),
            version: Seq(0),
        }
    }

    fn user(uid: u32, gid: u32, groups: &[u32]) -> Credentials {
        Credentials::new(uid, gid, "test").with_groups(groups)
    }

    /// Mode of a file of 10:20, who asks, and the bits they get: the first class that fits decides alone.
    #[test]
    fn one_class_decides() {
        let owner = user(10, 99, &[]);
        let group = user(11, 20, &[]);
        let supplementary = user(11, 99, &[7, 20]);
        let other = user(11, 99, &[7]);
        let root = Credentials::root("test");
        let table: &[(u32, &Credentials, u32)] = &[
            (0o700, &owner, 7),
            (0o700, &group, 0),
            (0o700, &other, 0),
            (0o077, &owner, 0),
            (0o070, &group, 7),
            (0o070, &supplementary, 7),
            (0o007, &group, 0),
            (0o007, &supplementary, 0),
            (0o007, &other, 7),
            (0o421, &owner, 4),
            (0o421, &group, 2),
            (0o421, &other, 1),
            (0o000, &root, 6),
            (0o001, &root, 7),
            (0o640, &root, 6),
        ];
        for (mode, who, granted) in table {
            let file = attr(FileKind::File, *mode, 10, 20);
            for bits in 0..8 {
                let expected = bits & !granted == 0;
                assert_eq!(
                    allows(who, &file, AccessMask::from_bits(bits)),
                    expected,
                    "mode {mode:o}, {who:?}, wants {bits:o}"
                );
            }
        }
        assert!(allows(
            &root,
            &attr(FileKind::Directory, 0, 10, 20),
            AccessMask::from_bits(7)
        ));
    }

    #[test]
    fn what_was_checked_before_is_not_checked_again() {
        let file = attr(FileKind::File, 0o600, 1, 2);
        let who = user(10, 20, &[]);
        let set = SetAttr {
            mode: Some(0o2755),
            ..SetAttr::default()
        };
        assert!(!allows(&who, &file, AccessMask::READ) && of_set_attr(&who, &file, &set).is_err());
        let who = who.already_checked();
        assert!(allows(&who, &file, AccessMask::from_bits(7)) && owns(&who, &file));
        assert_eq!(of_set_attr(&who, &file, &set).unwrap().mode, Some(0o2755));
        // It is still theirs, and cutting it still takes setuid away.
        let made = of_new_node(&who, &file, &NewNode::File { mode: 0o644 });
        assert_eq!((made.1, made.2), (10, 20));
        let cut = SetAttr {
            size: Some(0),
            ..SetAttr::default()
        };
        assert!(of_set_attr(&who, &file, &cut).unwrap().clear_setid);
    }

    #[test]
    fn new_nodes_take_group_and_setgid_of_their_directory() {
        let plain = attr(FileKind::Directory, 0o755, 1, 2);
        let setgid = attr(FileKind::Directory, 0o2755, 1, 2);
        let who = user(10, 20, &[]).with_umask(0o027);
        let member = user(10, 20, &[2]).with_umask(0);
        let file = |mode| NewNode::File { mode };
        let dir = |mode| NewNode::Directory { mode };
        let table = [
            (&who, &plain, file(0o666), (0o640, 10, 20)),
            (&who, &plain, file(0o6777), (0o6750, 10, 20)),
            (&who, &setgid, file(0o2777), (0o750, 10, 2)),
            (&who, &setgid, file(0o2767), (0o2740, 10, 2)),
            (&member, &setgid, file(0o2777), (0o2777, 10, 2)),
            (&who, &plain, dir(0o7777), (0o1750, 10, 20)),
            (&who, &setgid, dir(0o777), (0o2750, 10, 2)),
            (&who, &setgid, NewNode::Symlink { target: b"x" }, (0o777, 10, 2)),
        ];
        for (who, parent, node, expected) in table {
            assert_eq!(
                of_new_node(who, parent, &node),
                expected,
                "{node:?} in {:o}",
                parent.mode
            );
        }
    }

    #[test]
    fn sticky_directories_keep_foreign_entries() {
        let sticky = attr(FileKind::Directory, 0o1777, 1, 1);
        let open = attr(FileKind::Directory, 0o777, 1, 1);
        let entry = attr(FileKind::File, 0o666, 2, 2);
        let check = |uid, dir: &Attr| require_unstuck(&user(uid, 9, &[]), dir, &entry).is_ok();
        assert_eq!(
            [0, 1, 2, 3].map(|uid| check(uid, &sticky)),
            [true, true, true, false]
        );
        assert!(check(3, &open));
    }

    #[test]
    fn chown_is_roots_and_chgrp_the_owners_among_their_groups() {
        let file = attr(FileKind::File, 0o6755, 10, 20);
        let owner = user(10, 20, &[21]);
        let set = |uid, gid| SetAttr {
            uid,
            gid,
            ..SetAttr::default()
        };
        let check = |who: &Credentials, set: SetAttr| of_set_attr(who, &file, &set).map_err(|e| e.kind());
        assert_eq!(check(&owner, set(Some(11), None)), Err(ErrorKind::NotPermitted));
        assert_eq!(check(&owner, set(None, Some(22))), Err(ErrorKind::NotPermitted));
        assert_eq!(
            check(&user(12, 20, &[21]), set(None, Some(21))),
            Err(ErrorKind::NotPermitted)
        );
        assert_eq!(check(&owner, set(Some(u32::MAX), None)), Err(ErrorKind::Invalid));
        assert!(check(&owner, set(Some(10), Some(21))).unwrap().clear_setid);
        let by_root = check(&Credentials::root("t"), set(Some(1), Some(1))).unwrap();
        assert!(by_root.clear_setid && by_root.mode.is_none());
        let dir = attr(FileKind::Directory, 0o6755, 10, 20);
        assert!(
            !of_set_attr(&owner, &dir, &set(None, Some(21)))
                .unwrap()
                .clear_setid
        );
    }

    #[test]
    fn chmod_drops_setgid_of_a_foreign_group() {
        let file = attr(FileKind::File, 0o644, 10, 20);
        let chmod = |who: &Credentials| {
            let set = SetAttr {
                mode: Some(0o2755),
                ..SetAttr::default()
            };
            of_set_attr(who, &file, &set)
                .map(|s| s.mode.unwrap())
                .map_err(|e| e.kind())
        };
        assert_eq!(chmod(&user(10, 99, &[])), Ok(0o755));
        assert_eq!(chmod(&user(10, 99, &[20])), Ok(0o2755));
        assert_eq!(chmod(&Credentials::root("t")), Ok(0o2755));
        assert_eq!(chmod(&user(11, 20, &[])), Err(ErrorKind::NotPermitted));
    }

    #[test]
    fn times_are_the_owners_but_now_is_a_writers_too() {
        let file = attr(FileKind::File, 0o646, 10, 20);
        let now = Some(SetTime::Now);
        let then = Some(SetTime::At(Timestamp(1)));
        let check = |who: &Credentials, file: &Attr, atime, mtime| {
            let set = SetAttr {
                atime,
                mtime,
                ..SetAttr::default()
            };
            of_set_attr(who, file, &set).err().map(|e| e.kind())
        };
        let writer = user(11, 99, &[]);
        assert_eq!(check(&writer, &file, now, now), None);
        assert_eq!(check(&writer, &file, now, None), Some(ErrorKind::NotPermitted));
        assert_eq!(check(&writer, &file, then, now), Some(ErrorKind::NotPermitted));
        assert_eq!(
            check(&user(11, 20, &[]), &file, now, now),
            Some(ErrorKind::Access)
        );
        assert_eq!(check(&user(10, 99, &[]), &file, then, then), None);
    }

    #[test]
    fn a_cut_needs_write_permission_and_takes_setuid_away_unless_by_root() {
        let file = attr(FileKind::File, 0o6646, 10, 20);
        let cut = SetAttr {
            size: Some(0),
            ..SetAttr::default()
        };
        assert!(of_set_attr(&user(10, 20, &[]), &file, &cut).unwrap().clear_setid);
        assert!(
            !of_set_attr(&Credentials::root("t"), &file, &cut)
                .unwrap()
                .clear_setid
        );
        // Setgid without group execution goes too where the group is foreign.
        let foreign = of_set_attr(&user(11, 99, &[]), &file, &cut).unwrap();
        assert_eq!(foreign.mode, Some(0o646));
        let refused = of_set_attr(&user(11, 20, &[]), &file, &cut).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Access);
    }
}
