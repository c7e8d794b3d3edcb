//! One step on both sides.

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, NewNode, OpenFlags, blocking};
use tarbox_store::{Allocate, ErrorKind, Result, SetAttr, WriteAt, XattrMode};

use crate::expected::{change, look, open_existing, write};
use crate::operation::{FileStep, User};
use crate::reference::{Answer, Id, bytes};
use crate::world::{Opened, Outcome, World, who};

/// What a step answers, as far as both sides can tell it.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Nothing,
    Bytes(Vec<u8>),
    Names(Vec<String>),
    Number(u64),
}

impl World {
    pub(crate) fn file_step(&mut self, user: User, step: &FileStep) -> Outcome {
        let step = &match *step {
            // Setgid of files that a group executes comes and goes by rules that have their own tests.
            FileStep::Chmod(path, mode) if !self.is_dir(user, path) => FileStep::Chmod(path, mode & 0o777),
            ref other => other.clone(),
        };
        // What a user's attempt leaves behind depends on the order of entries, so only root removes trees.
        let user = if matches!(step, FileStep::RemoveAll(_)) {
            0
        } else {
            user
        };
        let is_idle = matches!(*step, FileStep::WriteHandle(number, ..) if number >= self.open.len());
        let real = self.do_real(user, step).map_err(|e| (e.kind(), e.to_string()));
        let expected = match changes(step) && self.past.is_some() && !is_idle {
            true => Err(ErrorKind::ReadOnly),
            false => self.do_reference(user, step),
        };
        match (&real, &expected) {
            (Ok(real), Ok(expected)) if real == expected => Ok(()),
            // In the past every change is refused, for this reason or for another.
            (Err(_), Err(_)) if self.past.is_some() => Ok(()),
            // Of several reasons, which one is told is not promised.
            (Err(_), Err(_)) if matches!(step, FileStep::Rename(..) | FileStep::RemoveAll(_)) => Ok(()),
            (Err((real, _)), Err(expected)) if real == expected => Ok(()),
            _ => Err(format!(
                "user {user}: {step:?}: got {}, expected {}",
                short(&real),
                short(&expected)
            )),
        }
    }

    fn is_dir(&self, user: User, path: &'static str) -> bool {
        let state = self.view();
        state
            .find(user, path, true)
            .is_ok_and(|id| state.node(id).is_dir())
    }

    fn do_real(&mut self, user: User, step: &FileStep) -> Result<Seen> {
        let who = &who(user);
        let fs = self.fs();
        let open =
            |path: &'static str, flags, create| blocking(fs.open_path(who, path, flags, create)).map(|o| o.1);
        let close = |handle, result: Result<Seen>| blocking(fs.release(handle)).and(result);
        let nothing = Ok(Seen::Nothing);
        match *step {
            FileStep::Mkdir(path) => blocking(fs.create_dir(who, path)).and(nothing),
            FileStep::Create(path, mode) => {
                let handle = open(path, OpenFlags::WRITE.exclusively(), Some(mode & 0o777))?;
                close(handle, nothing)
            }
            FileStep::Write(path, offset, len) => {
                let handle = open(path, OpenFlags::WRITE, Some(0o666))?;
                let data = bytes(offset, len);
                let written = blocking(fs.write(handle, WriteAt::Offset(offset), &data));
                close(handle, written.map(|w| Seen::Number(w.size)))
            }
            FileStep::Append(path, len) => {
                let handle = open(path, OpenFlags::WRITE.appending(), Some(0o666))?;
                let written = blocking(fs.write(handle, WriteAt::Offset(0), &bytes(7, len)));
                close(handle, written.map(|w| Seen::Number(w.size)))
            }
            FileStep::Truncate(path, size) => {
                let set = SetAttr {
                    size: Some(size),
                    ..SetAttr::default()
                };
                blocking(fs.set_attr(who, path, &set, Follow::Yes)).map(|attr| Seen::Number(attr.size))
            }
            FileStep::Punch(path, offset, len) => {
                let handle = open(path, OpenFlags::WRITE, None)?;
                close(
                    handle,
                    blocking(fs.fallocate(handle, Allocate::PunchHole, offset, len)).and(nothing),
                )
            }
            FileStep::Read(path) => blocking(fs.read_file(who, path)).map(Seen::Bytes),
            FileStep::Stat(path) => {
                blocking(fs.stat(who, path)).map(|attr| Seen::Number(u64::from(attr.mode)))
            }
            FileStep::List(path) => blocking(fs.read_dir(who, path)).map(|entries| {
                let mut names: Vec<String> = entries
                    .into_iter()
                    .map(|e| String::from_utf8_lossy(&e.name).into_owned())
                    .collect();
                names.sort();
                Seen::Names(names)
            }),
            FileStep::Unlink(path) => blocking(fs.remove_file(who, path)).and(nothing),
            FileStep::Rmdir(path) => blocking(fs.remove_dir(who, path)).and(nothing),
            FileStep::Rename(from, to, mode) => blocking(fs.rename_path(who, from, to, mode)).and(nothing),
            FileStep::Link(old, new) => blocking(fs.hard_link(who, old, new, Follow::No)).and(nothing),
            FileStep::Symlink(target, path) => {
                let node = NewNode::Symlink {
                    target: target.as_bytes(),
                };
                blocking(fs.make_node(who, path, node)).and(nothing)
            }
            FileStep::Chmod(path, mode) => {
                let set = SetAttr {
                    mode: Some(mode),
                    ..SetAttr::default()
                };
                blocking(fs.set_attr(who, path, &set, Follow::Yes)).and(nothing)
            }
            FileStep::Chown(path, to) => {
                let set = SetAttr {
                    uid: Some(to),
                    gid: Some(to),
                    ..SetAttr::default()
                };
                blocking(fs.set_attr(who, path, &set, Follow::Yes)).and(nothing)
            }
            FileStep::SetXattr(path, name, value) => {
                let ino = blocking(fs.stat(who, path))?.ino;
                blocking(fs.setxattr(who, ino, name.as_bytes(), Some(&[value]), XattrMode::Any)).and(nothing)
            }
            FileStep::RemoveXattr(path, name) => {
                let ino = blocking(fs.stat(who, path))?.ino;
                blocking(fs.setxattr(who, ino, name.as_bytes(), None, XattrMode::Any)).and(nothing)
            }
            FileStep::CopyRange(from, from_offset, to, to_offset, len) => {
                let source = open(from, OpenFlags::READ, None)?;
                let copied = open(to, OpenFlags::WRITE, None).and_then(|target| {
                    let copied = blocking(fs.copy_range((source, from_offset), (target, to_offset), len));
                    close(target, copied.map(Seen::Number))
                });
                close(source, copied)
            }
            FileStep::RemoveAll(path) => blocking(fs.remove_dir_all(who, path)).and(nothing),
            FileStep::Open(path) => {
                let handle = open(path, OpenFlags::READ_WRITE, None)?;
                // The reference says on which of its inodes; until then it is the next handle.
                self.open.push(Opened {
                    handle,
                    user,
                    id: Id::MAX,
                });
                nothing
            }
            FileStep::WriteHandle(number, offset, len) => match self.open.get(number) {
                Some(open) => {
                    let data = bytes(offset, len);
                    blocking(fs.write(open.handle, WriteAt::Offset(offset), &data))
                        .map(|w| Seen::Number(w.size))
                }
                None => nothing,
            },
            FileStep::ReadHandle(number, offset, len) => match self.open.get(number) {
                Some(open) => {
                    let mut buffer = vec![0xaa; len];
                    let read = blocking(fs.read(open.handle, offset, &mut buffer))?;
                    buffer.truncate(read);
                    Ok(Seen::Bytes(buffer))
                }
                None => nothing,
            },
            FileStep::CloseHandle(number) => match number < self.open.len() {
                // It stays in the list until the reference has had its turn.
                true => blocking(fs.release(self.open[number].handle)).and(nothing),
                false => nothing,
            },
        }
    }

    fn do_reference(&mut self, user: User, step: &FileStep) -> Answer<Seen> {
        if let FileStep::Open(path) = *step {
            let id = open_existing(self.view(), user, path, 6)?;
            if let Some(open) = self.open.last_mut() {
                open.id = id;
            }
            return Ok(Seen::Nothing);
        }
        if let FileStep::CloseHandle(number) = *step {
            if number < self.open.len() {
                self.open.remove(number);
            }
            return Ok(Seen::Nothing);
        }
        let handle = |number: usize| self.open.get(number).map(|open| (open.id, open.user));
        match *step {
            FileStep::WriteHandle(number, offset, len) => match handle(number) {
                Some((id, opener)) => Ok(write(
                    &mut self.head,
                    opener,
                    id,
                    Some(offset),
                    &bytes(offset, len),
                )),
                None => Ok(Seen::Nothing),
            },
            FileStep::ReadHandle(number, offset, len) => match handle(number) {
                Some((id, _)) => {
                    let content = self.head.content(id)?;
                    let start = content.len().min(offset as usize);
                    Ok(Seen::Bytes(
                        content[start..content.len().min(start + len)].to_vec(),
                    ))
                }
                None => Ok(Seen::Nothing),
            },
            _ if changes(step) => change(&mut self.head, user, step),
            _ => look(self.view(), user, step),
        }
    }
}

fn changes(step: &FileStep) -> bool {
    use FileStep::*;
    !matches!(
        step,
        Read(_) | Stat(_) | List(_) | ReadHandle(..) | CloseHandle(_)
    )
}

fn short(answer: &impl std::fmt::Debug) -> String {
    let mut text = format!("{answer:?}");
    let end = text.char_indices().nth(300).map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    text
}
