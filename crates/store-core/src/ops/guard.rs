//! What a change rests on, looked at on the state that it changes.

use tarbox_store::{Condition, Error, ErrorKind};

use crate::op::{Op, checked};
use crate::step::{Step, Stop};

impl Op<'_, '_> {
    /// Refuses a change whose conditions do not hold. Rows that are missing are asked for all at once.
    pub(crate) fn check_conditions(&mut self, conditions: &[Condition<'_>]) -> Step<()> {
        let mut checked = Ok(());
        for condition in conditions {
            match self.holds(condition) {
                Ok(true) => {}
                Ok(false) => return Err(ErrorKind::Changed.into()),
                Err(Stop::Missing) => checked = Err(Stop::Missing),
                failed => return failed.map(drop),
            }
        }
        checked
    }

    fn holds(&mut self, condition: &Condition<'_>) -> Step<bool> {
        let (Condition::Permissions { ino: of, .. }
        | Condition::Name { dir: of, .. }
        | Condition::Version { ino: of, .. }) = *condition;
        let can_be = checked(of).is_ok();
        match *condition {
            Condition::Permissions { mode, uid, gid, .. } => {
                let is_so = |row: &crate::rows::Inode| (row.mode, row.uid, row.gid) == (mode, uid, gid);
                Ok(can_be && self.head_inode(of, is_so)?.unwrap_or(false))
            }
            Condition::Name { name, ino, .. } => Ok(can_be && self.head_child(of, name)? == ino),
            Condition::Version { version, .. } => {
                let found = match can_be {
                    true => self.head_inode(of, |row| row.version)?,
                    false => None,
                };
                if found == Some(version) {
                    return Ok(true);
                }
                let now = match found {
                    Some(now) => format!("it is now at version {now}, not at {version}"),
                    None => "it was removed".to_owned(),
                };
                let why = format!("{now}: read it again, then repeat the change");
                Err(Error::new(ErrorKind::Stale).because(why).into())
            }
        }
    }
}
