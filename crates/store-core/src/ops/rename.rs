//! Renaming, with every rule of `rename(2)`.

use tarbox_store::{Actor, Error, ErrorKind, FileKind, Ino, RenameMode, Timestamp, View};

use super::names::check_name;
use crate::op::{Op, checked};
use crate::rows::Dentry;
use crate::step::Step;
use crate::want::Want;

/// A name and where it stands.
struct Place<'a> {
    dir: Ino,
    key: Ino,
    name: &'a [u8],
}

impl<'d> Op<'_, 'd> {
    pub(crate) fn rename(
        &mut self,
        by: &Actor,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
    ) -> Step<()> {
        check_name(from.1)?;
        check_name(to.1)?;
        let from = Place {
            dir: from.0,
            key: self.dir_key(View::Current, from.0)?,
            name: from.1,
        };
        let to = Place {
            dir: to.0,
            key: self.live_dir(to.0)?,
            name: to.1,
        };
        let source = self.head_entry(from.key, from.name)?.ok_or(ErrorKind::NotFound)?;
        let target = self.head_entry(to.key, to.name)?;
        // Looked at before anything changes: an entry that leads nowhere must not stop half-way.
        self.named(&source)?;
        let target_size = target
            .as_ref()
            .map(|t| self.named(t))
            .transpose()?
            .map(|t| t.size);
        if source.kind == FileKind::Directory {
            self.refuse_below(source.ino, to.dir)?;
        }
        let now = self.now();
        match (target, mode) {
            (Some(_), RenameMode::NoReplace) => Err(Error::new(ErrorKind::Exists).about(to.name).into()),
            (None, RenameMode::Exchange) => Err(ErrorKind::NotFound.into()),
            // Two names of one inode: POSIX leaves both.
            (Some(target), _) if target.ino == source.ino => Ok(()),
            (Some(target), RenameMode::Exchange) => {
                if target.kind == FileKind::Directory {
                    self.refuse_below(target.ino, from.dir)?;
                }
                // Two records, since two paths name something else now: whoever reads the log needs no third case.
                self.log_rename(by, source.ino, (from.dir, from.name), (to.dir, to.name))?;
                self.log_rename(by, target.ino, (to.dir, to.name), (from.dir, from.name))?;
                self.exchange(&from, source, &to, target, now)
            }
            (target, _) => {
                if let Some(target) = &target {
                    check_replaceable(&source, target, target_size.unwrap_or(0))?;
                }
                self.log_rename(by, source.ino, (from.dir, from.name), (to.dir, to.name))?;
                self.move_entry(&from, source, &to, target, now)
            }
        }
    }

    /// A directory cannot move below itself.
    fn refuse_below(&mut self, moved: Ino, target: Ino) -> Step<()> {
        let mut at = target;
        while at != Ino::ROOT {
            if at == moved {
                return Err(Error::new(ErrorKind::Invalid)
                    .because("a directory cannot be moved below itself")
                    .into());
            }
            let parent = self.parent(View::Current, at);
            let (ino, layer) = (at, None);
            at = self.hint(parent, |_| Want::Lineage { ino, layer })?;
        }
        Ok(())
    }

    /// Moves `source` to a name that is free, or whose inode loses it.
    fn move_entry(
        &mut self,
        from: &Place<'_>,
        source: Dentry,
        to: &Place<'_>,
        target: Option<Dentry>,
        now: Timestamp,
    ) -> Step<()> {
        let is_dir = i32::from(source.kind == FileKind::Directory);
        self.remove_entry(from.key, source.cookie)?;
        self.count_entries(from.key, -1, -is_dir, now)?;
        let cookie = match &target {
            Some(target) => target.cookie,
            None => self.new_cookie(to.key, to.name)?,
        };
        let replaced_dir = target
            .as_ref()
            .map_or(0, |t| i32::from(t.kind == FileKind::Directory));
        self.point(to, cookie, source.ino, source.kind, now)?;
        self.count_entries(to.key, i64::from(target.is_none()), is_dir - replaced_dir, now)?;
        if let Some(target) = target {
            self.drop_name(target.ino, now)?;
        }
        Ok(())
    }

    fn exchange(
        &mut self,
        from: &Place<'_>,
        source: Dentry,
        to: &Place<'_>,
        target: Dentry,
        now: Timestamp,
    ) -> Step<()> {
        let (s, t) = (
            i32::from(source.kind == FileKind::Directory),
            i32::from(target.kind == FileKind::Directory),
        );
        self.point(to, target.cookie, source.ino, source.kind, now)?;
        self.point(from, source.cookie, target.ino, target.kind, now)?;
        self.count_entries(from.key, 0, t - s, now)?;
        self.count_entries(to.key, 0, s - t, now)
    }

    /// Makes the name at a place stand for an inode, which remembers it.
    fn point(
        &mut self,
        place: &Place<'_>,
        cookie: u64,
        ino: Ino,
        kind: FileKind,
        now: Timestamp,
    ) -> Step<()> {
        let head = self.row().head;
        self.put_entry(
            place.key,
            Dentry {
                cookie,
                name: place.name.into(),
                ino,
                kind,
                born: head,
            },
        )?;
        if kind == FileKind::Directory {
            self.state.delta.moved = true;
        }
        let key = checked(ino)?;
        let row = self.inode_mut(key)?;
        (row.parent, row.cookie) = (place.dir, cookie);
        row.ctime = now;
        Ok(())
    }
}

fn check_replaceable(source: &Dentry, target: &Dentry, target_size: u64) -> Step<()> {
    match (
        source.kind == FileKind::Directory,
        target.kind == FileKind::Directory,
    ) {
        (true, false) => Err(ErrorKind::NotDirectory.into()),
        (false, true) => Err(ErrorKind::IsDirectory.into()),
        (true, true) if target_size > 0 => Err(ErrorKind::NotEmpty.into()),
        _ => Ok(()),
    }
}
