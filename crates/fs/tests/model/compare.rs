//! One step on both sides, and the comparison of everything.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, NewNode, OpenFlags, blocking};
use tarbox_store::{Allocate, Attr, ErrorKind, Ino, Result, SetAttr, WriteAt, XattrMode};

use crate::operation::{FileStep, User};
use crate::reference::{Answer, Body, Id, ROOT, State, bytes, write_at};
use crate::world::{Opened, Outcome, World, who};

/// What a step answers, as far as both sides can tell it.
#[derive(Debug, PartialEq)]
enum Seen {
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

    /// Every layer and the head say what the reference says, and the store is sound.
    pub(crate) fn check_everything(&mut self) -> Outcome {
        self.close_handles()?;
        let current = self.view();
        self.check_tree("", current)
            .map_err(|e| format!("in view: {e}"))?;
        for sealed in &self.sealed {
            for name in [sealed.name.clone(), sealed.id.to_string()] {
                let top = format!("/.tarbox/snapshots/{name}");
                self.check_tree(&top, &sealed.state)
                    .map_err(|e| format!("{top}: {e}"))?;
            }
        }
        self.check_tree("/.tarbox/snapshots/head", &self.head)
            .map_err(|e| format!("head: {e}"))?;
        self.check_store()
    }

    fn check_tree(&self, top: &str, state: &State) -> Outcome {
        let mut numbers: HashMap<Id, Ino> = HashMap::new();
        let mut ids: HashMap<Ino, Id> = HashMap::new();
        let mut open = vec![(
            if top.is_empty() {
                "/".to_owned()
            } else {
                top.to_owned()
            },
            ROOT,
        )];
        while let Some((path, id)) = open.pop() {
            let attr = blocking(self.fs().lstat(&who(0), path.as_str())).map_err(|e| format!("{e:?}"))?;
            if *numbers.entry(id).or_insert(attr.ino) != attr.ino || *ids.entry(attr.ino).or_insert(id) != id
            {
                return Err(format!("{path}: names of one inode, or of two, were confused"));
            }
            self.check_node(&path, &attr, state, id)?;
            if let Body::Dir(entries) = &state.node(id).body {
                let listed =
                    blocking(self.fs().read_dir(&who(0), path.as_str())).map_err(|e| e.to_string())?;
                let names: BTreeMap<Vec<u8>, Ino> =
                    listed.into_iter().map(|e| (e.name, e.attr.ino)).collect();
                if !names
                    .keys()
                    .map(Vec::as_slice)
                    .eq(entries.keys().map(|n| n.as_bytes()))
                {
                    return Err(format!(
                        "{path}: has {:?}, expected {:?}",
                        names.keys(),
                        entries.keys()
                    ));
                }
                let below = |name: &str| format!("{}/{name}", path.trim_end_matches('/'));
                open.extend(entries.iter().map(|(name, id)| (below(name), *id)));
            }
        }
        Ok(())
    }

    fn check_node(&self, path: &str, attr: &Attr, state: &State, id: Id) -> Outcome {
        let node = state.node(id);
        let real = (
            attr.is_dir(),
            attr.is_symlink(),
            attr.mode,
            attr.uid,
            attr.gid,
            attr.nlink,
        );
        let is_link = matches!(node.body, Body::Link(_));
        let expected = (
            node.is_dir(),
            is_link,
            node.mode,
            node.uid,
            node.gid,
            state.nlink(id),
        );
        if real != expected {
            return Err(format!(
                "{path}: is {real:?}, expected {expected:?} (dir, link, mode, uid, gid, nlink)"
            ));
        }
        let fs = self.fs();
        let root = who(0);
        match &node.body {
            Body::File(content) => {
                let real = blocking(fs.read_file(&root, path)).map_err(|e| e.to_string())?;
                if real != **content || attr.size != content.len() as u64 {
                    let at = real.iter().zip(content.iter()).position(|(a, b)| a != b);
                    let sizes = (real.len(), attr.size, content.len());
                    return Err(format!(
                        "{path}: differs at {at:?} (read, size, expected: {sizes:?})"
                    ));
                }
            }
            Body::Link(target) => {
                let real = blocking(fs.readlink(attr.ino)).map_err(|e| e.to_string())?;
                if real != target.as_bytes() {
                    return Err(format!("{path}: says {real:?}, expected {target}"));
                }
            }
            Body::Dir(_) => {}
        }
        let names = blocking(fs.listxattr(&root, attr.ino)).map_err(|e| e.to_string())?;
        if !names
            .iter()
            .map(Vec::as_slice)
            .eq(node.xattrs.keys().map(|n| n.as_bytes()))
        {
            return Err(format!(
                "{path}: has attributes {names:?}, expected {:?}",
                node.xattrs
            ));
        }
        for (name, value) in &node.xattrs {
            let real = blocking(fs.getxattr(&root, attr.ino, name.as_bytes())).map_err(|e| e.to_string())?;
            if real != [*value] {
                return Err(format!("{path}: {name} is {real:?}, expected {value}"));
            }
        }
        Ok(())
    }
}

fn changes(step: &FileStep) -> bool {
    use FileStep::*;
    !matches!(
        step,
        Read(_) | Stat(_) | List(_) | ReadHandle(..) | CloseHandle(_)
    )
}

fn open_existing(state: &State, user: User, path: &'static str, bits: u32) -> Answer<Id> {
    let id = state.find(user, path, true)?;
    if state.node(id).is_dir() && bits & 2 != 0 {
        return Err(ErrorKind::IsDirectory);
    }
    state.node(id).require(user, bits)?;
    Ok(id)
}

/// `open(O_CREAT)`, also where a dangling link leads.
fn open_or_create(state: &mut State, user: User, path: &'static str) -> Answer<Id> {
    let end = state.end(user, path, true)?;
    match end.node {
        Some(id) if state.node(id).is_dir() => Err(ErrorKind::IsDirectory),
        Some(id) => state.node(id).require(user, 2).map(|()| id),
        None => state.make(user, end.dir, end.name, Body::File(Rc::default()), 0o666),
    }
}

fn write(state: &mut State, user: User, id: Id, offset: Option<u64>, data: &[u8]) -> Seen {
    let end = state.content(id).map_or(0, Vec::len);
    if !data.is_empty() {
        let offset = offset.map_or(end, |offset| offset as usize);
        state.change(user, id, |content| write_at(content, offset, data));
    }
    Seen::Number(state.content(id).map_or(0, Vec::len) as u64)
}

fn look(state: &State, user: User, step: &FileStep) -> Answer<Seen> {
    match *step {
        FileStep::Read(path) => {
            let id = open_existing(state, user, path, 4)?;
            state.content(id).cloned().map(Seen::Bytes)
        }
        FileStep::Stat(path) => {
            let id = state.find(user, path, true)?;
            Ok(Seen::Number(u64::from(state.node(id).mode)))
        }
        FileStep::List(path) => {
            let id = state.find(user, path, true)?;
            let entries = state.entries(id)?;
            state.node(id).require(user, 4)?;
            Ok(Seen::Names(
                entries.keys().map(|name| (*name).to_owned()).collect(),
            ))
        }
        _ => Ok(Seen::Nothing),
    }
}

fn change(state: &mut State, user: User, step: &FileStep) -> Answer<Seen> {
    let place = |state: &State, path| state.end(user, path, false);
    let done = |()| Seen::Nothing;
    match *step {
        FileStep::Mkdir(path) => {
            let end = place(state, path)?;
            state
                .make(user, end.dir, end.name, Body::Dir(BTreeMap::new()), 0o777)
                .map(|_| Seen::Nothing)
        }
        FileStep::Create(path, mode) => {
            let end = place(state, path)?;
            state
                .make(user, end.dir, end.name, Body::File(Rc::default()), mode & 0o777)
                .map(|_| Seen::Nothing)
        }
        FileStep::Symlink(target, path) => {
            let end = place(state, path)?;
            state
                .make(user, end.dir, end.name, Body::Link(target), 0)
                .map(|_| Seen::Nothing)
        }
        FileStep::Write(path, offset, len) => {
            let id = open_or_create(state, user, path)?;
            Ok(write(state, user, id, Some(offset), &bytes(offset, len)))
        }
        FileStep::Append(path, len) => {
            let id = open_or_create(state, user, path)?;
            Ok(write(state, user, id, None, &bytes(7, len)))
        }
        FileStep::Truncate(path, size) => {
            let id = state.find(user, path, true)?;
            state.content(id)?;
            state.node(id).require(user, 2)?;
            state.change(user, id, |content| content.resize(size as usize, 0));
            Ok(Seen::Number(size))
        }
        FileStep::Punch(path, offset, len) => {
            let id = open_existing(state, user, path, 2)?;
            state.change(user, id, |content| {
                let end = content.len().min((offset + len) as usize);
                if (offset as usize) < end {
                    content[offset as usize..end].fill(0);
                }
            });
            Ok(Seen::Nothing)
        }
        FileStep::Unlink(path) => {
            let end = place(state, path)?;
            state.remove(user, end.dir, end.name, false).map(done)
        }
        FileStep::Rmdir(path) => {
            let end = place(state, path)?;
            state.remove(user, end.dir, end.name, true).map(done)
        }
        FileStep::Rename(from, to, mode) => {
            let (from, to) = (place(state, from)?, place(state, to)?);
            state
                .rename(user, (from.dir, from.name), (to.dir, to.name), mode)
                .map(done)
        }
        FileStep::Link(old, new) => {
            let id = state.find(user, old, false)?;
            let end = place(state, new)?;
            state.link(user, id, end.dir, end.name).map(done)
        }
        FileStep::Chmod(path, mode) => {
            let id = state.find(user, path, true)?;
            state.chmod(user, id, mode).map(done)
        }
        FileStep::Chown(path, to) => {
            let id = state.find(user, path, true)?;
            state.chown(user, id, to).map(done)
        }
        FileStep::SetXattr(path, name, value) => {
            let id = state.find(user, path, true)?;
            state.set_xattr(user, id, name, Some(value)).map(done)
        }
        FileStep::RemoveXattr(path, name) => {
            let id = state.find(user, path, true)?;
            state.set_xattr(user, id, name, None).map(done)
        }
        FileStep::CopyRange(from, from_offset, to, to_offset, len) => {
            let source = open_existing(state, user, from, 4)?;
            let target = open_existing(state, user, to, 2)?;
            let content = state.content(source)?;
            let start = content.len().min(from_offset as usize);
            let data = content[start..content.len().min(start + len as usize)].to_vec();
            if source == target && from_offset.abs_diff(to_offset) < data.len() as u64 {
                return Err(ErrorKind::Invalid);
            }
            write(state, user, target, Some(to_offset), &data);
            Ok(Seen::Number(data.len() as u64))
        }
        FileStep::RemoveAll(path) => remove_all(state, path).map(done),
        _ => Ok(Seen::Nothing),
    }
}

fn remove_all(state: &mut State, path: &'static str) -> Answer {
    let end = state.end(0, path, false)?;
    let id = end.node.ok_or(ErrorKind::NotFound)?;
    empty(state, id);
    let is_dir = state.node(id).is_dir();
    state.remove(0, end.dir, end.name, is_dir)
}

fn empty(state: &mut State, dir: Id) {
    let Ok(entries) = state.entries(dir).cloned() else {
        return;
    };
    for (name, id) in entries {
        empty(state, id);
        let is_dir = state.node(id).is_dir();
        state
            .remove(0, dir, name, is_dir)
            .expect("root removes what is empty");
    }
}

fn short(answer: &impl std::fmt::Debug) -> String {
    let mut text = format!("{answer:?}");
    let end = text.char_indices().nth(300).map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    text
}
