//! Looking names up, making and removing them.

use tarbox_store::{
    Actor, Attr, Error, ErrorKind, FileKind, Ino, NewInode, Operation, Result, Seq, Timestamp, Unlink, View,
};

use crate::op::{Op, checked};
use crate::rows::{Content, Dentry, Inode, Name, bucket_of};
use crate::step::{Step, damaged, settled};
use crate::want::Want;

/// Longest name, in bytes.
const NAME_MAX: usize = 255;
/// Longest target of a symbolic link, in bytes.
const TARGET_MAX: usize = 4095;
/// Names of a walk that are looked up together.
const DESCENT: usize = 256;
/// Most names of one inode.
const LINK_MAX: u32 = 1 << 30;

/// Why there is no such entry: also because there cannot be one.
pub(super) fn missing(name: &[u8]) -> Error {
    check_name(name)
        .err()
        .unwrap_or_else(|| ErrorKind::NotFound.into())
}

/// Refuses what can be no name.
pub(super) fn check_name(name: &[u8]) -> Result<()> {
    if name.len() > NAME_MAX {
        return Err(ErrorKind::NameTooLong.into());
    }
    if name.is_empty() || name == b"." || name == b".." || name.iter().any(|&b| b == b'/' || b == 0) {
        return Err(Error::new(ErrorKind::Invalid)
            .about(name)
            .because("not a valid name"));
    }
    Ok(())
}

impl<'d> Op<'_, 'd> {
    /// The key of a directory in a view.
    pub(super) fn dir_key(&mut self, view: View, dir: Ino) -> Step<Ino> {
        let (key, is_dir) = self.inode(view, dir, |key, row| (key, row.is_dir()))?;
        if is_dir {
            Ok(key)
        } else {
            Err(ErrorKind::NotDirectory.into())
        }
    }

    /// The key of a directory of the head that can take a new name: one that was removed but is still open cannot.
    pub(super) fn live_dir(&mut self, dir: Ino) -> Step<Ino> {
        let (key, is_dir, nlink) =
            self.inode(View::Current, dir, |key, row| (key, row.is_dir(), row.nlink))?;
        match (is_dir, nlink) {
            (false, _) => Err(ErrorKind::NotDirectory.into()),
            (true, 0) => Err(ErrorKind::NotFound.into()),
            _ => Ok(key),
        }
    }

    pub(crate) fn lookup(&mut self, view: View, dir: Ino, name: &[u8]) -> Step<Attr> {
        let key = self.dir_key(view, dir)?;
        self.child(view, key, name)
    }

    /// The attributes of the entry `name` of what is known to be a directory.
    fn child(&mut self, view: View, dir: Ino, name: &[u8]) -> Step<Attr> {
        let child = match self.layer(view)? {
            None => self.head_child(dir, name)?,
            Some(_) => self.entry(view, dir, name)?.map(|d| d.ino),
        };
        self.attr(view, child.ok_or_else(|| missing(name))?)
    }

    pub(crate) fn walk(&mut self, view: View, start: Ino, names: &[&[u8]]) -> Step<Vec<Attr>> {
        let mut found = Vec::with_capacity(names.len());
        let mut dir = start;
        let layer = self.layer(view)?;
        for (i, name) in names.iter().enumerate() {
            let child = match found.is_empty() {
                true => self.lookup(view, dir, name),
                false => self.child(view, checked(dir)?, name),
            };
            let child = self.hint(child, |op| {
                let rest = names[i..].iter().take(DESCENT);
                let names = rest.map(|name| (bucket_of(&op.row().secret, name), Name::from_slice(name)));
                let names = names.collect();
                Want::Descent { dir, names, layer }
            });
            match child {
                Ok(attr) => {
                    found.push(attr);
                    dir = attr.ino;
                    if !attr.is_dir() {
                        break;
                    }
                }
                Err(e) if e.is(ErrorKind::NotFound) => {
                    // The answer ends here; but there is none if there is nowhere to begin.
                    match dir == start && settled(self.attr(view, start))?.is_err() {
                        true => return Err(e),
                        false => {
                            self.lacks = true;
                            break;
                        }
                    }
                }
                Err(e) => return Err(e),
            }
        }
        Ok(found)
    }

    /// The attributes of what an entry of the head names.
    pub(super) fn named(&mut self, entry: &Dentry) -> Step<Attr> {
        let missing = || format!("an entry names inode {}, which is missing", entry.ino);
        self.attr(View::Current, entry.ino).map_err(|e| {
            e.map(|e| match e.kind() {
                ErrorKind::NotFound => damaged(missing()).about(&entry.name),
                _ => e,
            })
        })
    }

    pub(crate) fn attr(&mut self, view: View, ino: Ino) -> Step<Attr> {
        let key = checked(ino)?;
        let uncommitted = match self.layer(view)? {
            None => {
                self.show(key);
                self.uncommitted(key)?
            }
            Some(_) => 0,
        };
        self.inode(view, ino, |key, row| row.attr(key, uncommitted))
    }

    pub(crate) fn parent(&mut self, view: View, dir: Ino) -> Step<Ino> {
        let (is_dir, parent) = self.inode(view, dir, |_, row| (row.is_dir(), row.parent))?;
        if is_dir {
            Ok(parent)
        } else {
            Err(ErrorKind::NotDirectory.into())
        }
    }

    pub(crate) fn create(&mut self, by: &Actor, dir: Ino, name: &[u8], new: &NewInode<'_>) -> Step<Attr> {
        check_name(name)?;
        let dir_key = self.live_dir(dir)?;
        if self.head_child(dir_key, name)?.is_some() {
            return Err(Error::new(ErrorKind::Exists).about(name).into());
        }
        let is_link = new.kind == FileKind::Symlink;
        if !is_link && !new.target.is_empty() {
            return Err(Error::new(ErrorKind::Invalid)
                .because("only a symbolic link has a target")
                .into());
        }
        if is_link && (new.target.is_empty() || new.target.contains(&0)) {
            return Err(Error::new(ErrorKind::Invalid)
                .because("the target of a link cannot be empty or contain NUL")
                .into());
        }
        if new.target.len() > TARGET_MAX {
            return Err(ErrorKind::NameTooLong.into());
        }
        if self.row().next_ino >= Ino::LIMIT {
            return Err(Error::new(ErrorKind::NoSpace)
                .because("all inode numbers are used up")
                .into());
        }
        self.admit_room(0)?;
        self.admit_inode()?;
        self.admit_bytes(new.target.len() as u64)?;
        let now = self.now();
        let cookie = self.new_cookie(dir_key, name)?;
        let tenant = self.row_mut();
        let (ino, head) = (Ino(tenant.next_ino), tenant.head);
        tenant.next_ino += 1;
        tenant.inodes += 1;
        tenant.bytes += new.target.len() as u64;
        let key = checked(ino)?;
        let row = Inode {
            kind: new.kind,
            mode: new.mode & 0o7777,
            uid: new.uid,
            gid: new.gid,
            nlink: if new.kind == FileKind::Directory { 2 } else { 1 },
            size: new.target.len() as u64,
            stored: 0,
            rdev: new.rdev,
            xattrs: 0,
            atime: now,
            mtime: now,
            ctime: now,
            btime: now,
            parent: dir,
            cookie,
            content: Content::Inline(if is_link { new.target.to_vec() } else { Vec::new() }),
            born: head,
            // That of the record, once there is one.
            version: Seq(0),
        };
        let attr = row.attr(key, 0);
        self.put_new_inode(key, row);
        self.put_entry(
            dir_key,
            Dentry {
                cookie,
                name: name.into(),
                ino,
                kind: new.kind,
                born: head,
            },
        )?;
        self.count_entries(dir_key, 1, i32::from(new.kind == FileKind::Directory), now)?;
        let operation = if new.kind == FileKind::Directory {
            Operation::Mkdir
        } else {
            Operation::Create
        };
        self.log_entry(by, operation, ino, (dir, name), new.target.len() as u64)?;
        let version = self.last_seq();
        Ok(Attr { version, ..attr })
    }

    /// Counts entries and subdirectories of a directory.
    pub(super) fn count_entries(&mut self, dir: Ino, entries: i64, subdirs: i32, now: Timestamp) -> Step<()> {
        let row = self.inode_mut(dir)?;
        row.count_entries(entries, now);
        row.nlink = row.nlink.saturating_add_signed(subdirs);
        Ok(())
    }

    pub(crate) fn link(&mut self, by: &Actor, ino: Ino, dir: Ino, name: &[u8]) -> Step<Attr> {
        check_name(name)?;
        let dir_key = self.live_dir(dir)?;
        let (key, kind, nlink) = self.inode(View::Current, ino, |key, row| (key, row.kind, row.nlink))?;
        if kind == FileKind::Directory {
            return Err(Error::new(ErrorKind::NotPermitted)
                .because("a directory can have only one name")
                .into());
        }
        if nlink == 0 {
            return Err(ErrorKind::NotFound.into());
        }
        if nlink >= LINK_MAX {
            return Err(ErrorKind::TooManyLinks.into());
        }
        if self.head_child(dir_key, name)?.is_some() {
            return Err(Error::new(ErrorKind::Exists).about(name).into());
        }
        self.admit_room(0)?;
        let now = self.now();
        let cookie = self.new_cookie(dir_key, name)?;
        let head = self.row().head;
        self.put_entry(
            dir_key,
            Dentry {
                cookie,
                name: name.into(),
                ino,
                kind,
                born: head,
            },
        )?;
        self.count_entries(dir_key, 1, 0, now)?;
        let row = self.inode_mut(key)?;
        row.nlink += 1;
        row.ctime = now;
        (row.parent, row.cookie) = (dir, cookie);
        self.log_entry(by, Operation::Link, ino, (dir, name), 0)?;
        self.attr(View::Current, ino)
    }

    pub(crate) fn unlink(&mut self, by: &Actor, dir: Ino, name: &[u8], what: Unlink) -> Step<Attr> {
        let dir_key = self.dir_key(View::Current, dir)?;
        let entry = self.head_entry(dir_key, name)?.ok_or_else(|| missing(name))?;
        let is_dir = entry.kind == FileKind::Directory;
        match what {
            Unlink::File if is_dir => return Err(ErrorKind::IsDirectory.into()),
            Unlink::Directory if !is_dir => return Err(ErrorKind::NotDirectory.into()),
            _ => {}
        }
        // Looked at before anything changes: an entry that leads nowhere must not stop half-way.
        if self.named(&entry)?.size > 0 && is_dir {
            return Err(ErrorKind::NotEmpty.into());
        }
        let now = self.now();
        let operation = if is_dir {
            Operation::Rmdir
        } else {
            Operation::Unlink
        };
        // The path has to be found while the name is there.
        self.log_entry(by, operation, entry.ino, (dir, name), 0)?;
        self.remove_entry(dir_key, entry.cookie)?;
        self.count_entries(dir_key, -1, -i32::from(is_dir), now)?;
        self.drop_name(entry.ino, now)
    }

    /// An inode lost a name: removes it with its last one, unless it is held.
    pub(super) fn drop_name(&mut self, ino: Ino, now: Timestamp) -> Step<Attr> {
        let key = checked(ino)?;
        let row = self.inode_mut(key)?;
        row.nlink = if row.is_dir() {
            0
        } else {
            row.nlink.saturating_sub(1)
        };
        row.ctime = now;
        let attr = row.attr(key, 0);
        self.show(key);
        if attr.nlink == 0 {
            self.orphan(key)?;
        }
        Ok(attr)
    }
}
