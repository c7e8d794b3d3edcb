//! A step on the reference.

use std::collections::BTreeMap;
use std::rc::Rc;

use tarbox_store::ErrorKind;

use crate::operation::{FileStep, User};
use crate::reference::{Answer, Body, Id, State, bytes, write_at};
use crate::step::Seen;

pub(crate) fn open_existing(state: &State, user: User, path: &'static str, bits: u32) -> Answer<Id> {
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

pub(crate) fn write(state: &mut State, user: User, id: Id, offset: Option<u64>, data: &[u8]) -> Seen {
    let end = state.content(id).map_or(0, Vec::len);
    if !data.is_empty() {
        let offset = offset.map_or(end, |offset| offset as usize);
        state.change(user, id, |content| write_at(content, offset, data));
    }
    Seen::Number(state.content(id).map_or(0, Vec::len) as u64)
}

pub(crate) fn look(state: &State, user: User, step: &FileStep) -> Answer<Seen> {
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

pub(crate) fn change(state: &mut State, user: User, step: &FileStep) -> Answer<Seen> {
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
