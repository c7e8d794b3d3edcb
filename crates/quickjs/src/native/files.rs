//! Open files, and the content of whole ones.

use std::rc::Rc;

use rquickjs::{ArrayBuffer, Ctx, IntoJs, Object, Result, String, Value};
use tarbox_fs::{Follow, Handle, OpenFlags};
use tarbox_store::{Attr, ErrorKind, SetAttr, WriteAt};

use super::{Data, Shared, answer, functions};
use crate::bytes::Bytes;
use crate::world::{Descriptor, World};

/// The flags of `open(2)` on Linux, as `fs.constants` has them.
mod flag {
    pub(super) const WRITE_ONLY: i32 = 1;
    pub(super) const READ_WRITE: i32 = 2;
    pub(super) const CREATE: i32 = 0o100;
    pub(super) const EXCLUSIVE: i32 = 0o200;
    pub(super) const TRUNCATE: i32 = 0o1000;
    pub(super) const APPEND: i32 = 0o2000;
    pub(super) const DATA_SYNC: i32 = 0o10000;
    pub(super) const DIRECTORY: i32 = 0o200_000;
    pub(super) const NO_FOLLOW: i32 = 0o400_000;
    pub(super) const NO_ACCESS_TIME: i32 = 0o1_000_000;
    pub(super) const SYNC: i32 = 0o4_010_000;
}

/// The largest file that is read into one string, as V8 has it (`kMaxLength` of strings).
const TEXT_MAX: u64 = 0x1fff_ffe8;

/// What is read at once where nobody knows how much there is.
const PIECE: usize = 64 << 10;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let s = || Rc::clone(shared);
    let (opens, closes, reads, writes, cuts, syncs) = (s(), s(), s(), s(), s(), s());
    let (whole_bytes, whole_text, puts, copies) = (s(), s(), s(), s());
    functions!(ctx, native, {
        "open" => move |ctx: Ctx<'js>, path: Data<'js>, flags: i32, mode: u32| {
            opens.alive(&ctx)?;
            let mut world = opens.world.borrow_mut();
            let opened = path.with(|path| open(&world, path, flags, mode)).and_then(|(_, open)| world.insert(open));
            Ok::<_, rquickjs::Error>(answer(opened, |number| number))
        },
        "close" => move |ctx: Ctx<'js>, fd: i32| {
            closes.alive(&ctx)?;
            Ok::<_, rquickjs::Error>(answer(closes.world.borrow_mut().close(fd), |()| 0))
        },
        "read" => move |ctx: Ctx<'js>, fd: i32, to: Bytes<'js>, offset: f64, length: f64, position: f64| {
            reads.alive(&ctx)?;
            let mut world = reads.world.borrow_mut();
            let read = world.descriptor(fd).and_then(|open| {
                if !open.readable {
                    return Err(ErrorKind::BadHandle.into());
                }
                let at = if position < 0.0 { open.offset } else { position as u64 };
                let count = to.part_mut(offset, length, |bytes| open.files.read(open.handle, at, bytes))?;
                if position < 0.0 {
                    open.offset += count as u64;
                }
                Ok(count)
            });
            Ok::<_, rquickjs::Error>(answer(read, |count| count as i32))
        },
        "write" => move |ctx: Ctx<'js>, fd: i32, from: Bytes<'js>, offset: f64, length: f64, position: f64| {
            writes.alive(&ctx)?;
            let mut world = writes.world.borrow_mut();
            let written = world.descriptor(fd).and_then(|open| {
                from.part(offset, length, |bytes| write(open, bytes, position))
            });
            Ok::<_, rquickjs::Error>(answer(written, |count| count as i32))
        },
        "ftruncate" => move |ctx: Ctx<'js>, fd: i32, size: f64| {
            cuts.alive(&ctx)?;
            let mut world = cuts.world.borrow_mut();
            let cut = world.descriptor(fd).and_then(|open| match open.writable {
                true => open.files.truncate(open.handle, size as u64),
                false => Err(ErrorKind::Invalid.into()),
            });
            Ok::<_, rquickjs::Error>(answer(cut, |_| 0))
        },
        "fsync" => move |ctx: Ctx<'js>, fd: i32, data_only: bool| {
            syncs.alive(&ctx)?;
            let mut world = syncs.world.borrow_mut();
            let synced = world.descriptor(fd).and_then(|open| open.files.fsync(open.handle, data_only));
            Ok::<_, rquickjs::Error>(answer(synced, |()| 0))
        },
        "readFile" => move |ctx: Ctx<'js>, path: Data<'js>, flags: i32| {
            whole_bytes.alive(&ctx)?;
            read_whole(&ctx, &whole_bytes, &path, flags, u64::MAX, |ctx, bytes| {
                ArrayBuffer::new_copy(ctx.clone(), bytes)?.into_js(ctx)
            })
        },
        "readText" => move |ctx: Ctx<'js>, path: Data<'js>, flags: i32| {
            whole_text.alive(&ctx)?;
            read_whole(&ctx, &whole_text, &path, flags, TEXT_MAX, |ctx, bytes| {
                String::from_str(ctx.clone(), &std::string::String::from_utf8_lossy(bytes))?.into_js(ctx)
            })
        },
        "writeFile" => move |ctx: Ctx<'js>, path: Data<'js>, data: Data<'js>, flags: i32, mode: u32| {
            puts.alive(&ctx)?;
            let world = puts.world.borrow();
            let put = path.with(|path| open(&world, path, flags, mode)).and_then(|(_, mut open)| {
                let written = data.with(|bytes| match bytes.is_empty() {
                    true => Ok(0),
                    false => write(&mut open, bytes, -1.0),
                });
                let closed = open.files.release(open.handle);
                written.and(closed)
            });
            Ok::<_, rquickjs::Error>(answer(put, |()| 0))
        },
        "copyFile" => move |ctx: Ctx<'js>, from: Data<'js>, to: Data<'js>, exclusive: bool| {
            copies.alive(&ctx)?;
            let world = copies.world.borrow();
            let copied = from.with(|from| to.with(|to| copy(&world, from, to, exclusive)));
            Ok::<_, rquickjs::Error>(answer(copied, |()| 0))
        },
    });
    Ok(())
}

/// Opens or makes a file.
fn open(world: &World, path: &[u8], flags: i32, mode: u32) -> tarbox_store::Result<(Attr, Descriptor)> {
    let has = |bits: i32| flags & bits == bits;
    let spot = world.spot(path)?;
    let writes = flags & 3 != 0;
    if writes || has(flag::CREATE) || has(flag::TRUNCATE) {
        spot.writable()?;
    }
    let how = OpenFlags {
        read: flags & 3 != flag::WRITE_ONLY,
        write: flags & 3 == flag::WRITE_ONLY || flags & 3 == flag::READ_WRITE,
        append: has(flag::APPEND),
        truncate: has(flag::TRUNCATE),
        exclusive: has(flag::EXCLUSIVE),
        directory: has(flag::DIRECTORY),
        no_follow: has(flag::NO_FOLLOW),
        no_atime: has(flag::NO_ACCESS_TIME),
        durability: match (has(flag::SYNC), has(flag::DATA_SYNC)) {
            (true, _) => tarbox_fs::Durability::Full,
            (false, true) => tarbox_fs::Durability::Data,
            (false, false) => tarbox_fs::Durability::None,
        },
        ..OpenFlags::default()
    };
    let create = has(flag::CREATE).then_some(mode & 0o7777);
    if create.is_some() && path.ends_with(b"/") {
        return Err(named_as_directory(world, path));
    }
    let (attr, handle) = spot.files.open_path(&world.who, spot.path(), how, create)?;
    let descriptor = Descriptor {
        files: spot.files.clone(),
        handle,
        ino: attr.ino,
        device: spot.device,
        offset: 0,
        append: how.append,
        readable: how.read,
        writable: how.write,
    };
    Ok((attr, descriptor))
}

/// Why what is named like a directory cannot be made as a file. Like Linux, this does not look at what is there.
fn named_as_directory(world: &World, path: &[u8]) -> tarbox_store::Error {
    let bare = path.len() - path.iter().rev().take_while(|byte| **byte == b'/').count();
    let parent = match path[..bare].iter().rposition(|byte| *byte == b'/') {
        Some(slash) => &path[..=slash],
        None => b".",
    };
    let found = world
        .spot(parent)
        .and_then(|spot| spot.files.resolve(&world.who, spot.path(), Follow::Yes));
    match found {
        Err(error) => error,
        Ok(attr) if attr.is_dir() => ErrorKind::IsDirectory.into(),
        Ok(_) => ErrorKind::NotDirectory.into(),
    }
}

fn write(open: &mut Descriptor, bytes: &[u8], position: f64) -> tarbox_store::Result<usize> {
    if !open.writable {
        return Err(ErrorKind::BadHandle.into());
    }
    let at = match (open.append, position < 0.0) {
        (true, _) => WriteAt::End,
        (false, true) => WriteAt::Offset(open.offset),
        (false, false) => WriteAt::Offset(position as u64),
    };
    let written = open.files.write(open.handle, at, bytes)?;
    if position < 0.0 {
        open.offset = written.offset + bytes.len() as u64;
    }
    Ok(bytes.len())
}

/// Reads a file from its beginning to its end, and makes something of the bytes.
fn read_whole<'js>(
    ctx: &Ctx<'js>,
    shared: &Shared,
    path: &Data<'js>,
    flags: i32,
    limit: u64,
    make: impl FnOnce(&Ctx<'js>, &[u8]) -> Result<Value<'js>>,
) -> Result<Value<'js>> {
    let mut scratch = shared.scratch.take();
    scratch.clear();
    let read = {
        let world = shared.world.borrow();
        path.with(|path| open(&world, path, flags, 0o666))
            .and_then(|(attr, open)| {
                let read = match attr.size > limit.min(shared.watch.memory()) {
                    true => Err(ErrorKind::FileTooLarge.into()),
                    false => read_all(&open, attr.size as usize, &mut scratch),
                };
                let closed = open.files.release(open.handle);
                read.and(closed)
            })
    };
    let made = match read {
        Ok(()) => make(ctx, &scratch),
        Err(error) => (-error.kind().errno()).into_js(ctx),
    };
    // Memory that one large file needed is not kept for the small ones.
    if scratch.capacity() <= 16 * PIECE {
        shared.scratch.replace(scratch);
    }
    made
}

fn read_all(open: &Descriptor, size: usize, bytes: &mut Vec<u8>) -> tarbox_store::Result<()> {
    // A file whose size is not known beforehand, such as one of `/.tarbox`, says 0.
    let mut room = if size == 0 { PIECE } else { size };
    loop {
        let filled = bytes.len();
        bytes.resize(filled + room, 0);
        let count = open
            .files
            .read(open.handle, filled as u64, &mut bytes[filled..])?;
        bytes.truncate(filled + count);
        if count < room || (size != 0 && bytes.len() == size) {
            return Ok(());
        }
        room = PIECE;
    }
}

/// Copies content and permissions; blocks are shared where both files are in one file system.
fn copy(world: &World, from: &[u8], to: &[u8], exclusive: bool) -> tarbox_store::Result<()> {
    let (attr, source) = open(world, from, 0, 0)?;
    let copied = (|| {
        if attr.is_dir() {
            let there = world
                .spot(to)?
                .files
                .resolve(&world.who, world.spot(to)?.path(), Follow::No);
            return Err(match there {
                Ok(_) if exclusive => ErrorKind::Exists.into(),
                _ => ErrorKind::IsDirectory.into(),
            });
        }
        let flags = flag::WRITE_ONLY | flag::CREATE | if exclusive { flag::EXCLUSIVE } else { 0 };
        let (there, target) = open(world, to, flags, attr.mode)?;
        let copied = (|| {
            if there.ino == source.ino && target.device == source.device {
                return Ok(());
            }
            if there.size > 0 {
                target.files.truncate(target.handle, 0)?;
            }
            content(&source, &target, attr.size)?;
            let mode = SetAttr {
                mode: Some(attr.mode),
                ..SetAttr::default()
            };
            if there.mode != attr.mode {
                target.files.setattr(&world.who, target.ino, &mode)?;
            }
            Ok(())
        })();
        let closed = target.files.release(target.handle);
        copied.and(closed)
    })();
    let closed = source.files.release(source.handle);
    copied.and(closed)
}

fn content(source: &Descriptor, target: &Descriptor, size: u64) -> tarbox_store::Result<()> {
    if source.device == target.device && size > 0 {
        let (from, to): ((Handle, u64), (Handle, u64)) = ((source.handle, 0), (target.handle, 0));
        source.files.copy_range(from, to, size)?;
        return Ok(());
    }
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    loop {
        let count = source.files.read(source.handle, at, &mut piece)?;
        if count == 0 {
            return Ok(());
        }
        target
            .files
            .write(target.handle, WriteAt::Offset(at), &piece[..count])?;
        at += count as u64;
    }
}
