//! Names: directories, links, renames, removal, and the attributes of what they lead to.

use std::rc::Rc;

use rquickjs::{Array, Ctx, IntoJs, Object, Result, TypedArray, Value};
use tarbox_fs::{Follow, NewNode, OpenFlags};
use tarbox_store::{Cookie, DirName, ErrorKind, FileKind, RenameMode, SetAttr, SetTime, Timestamp};

use super::{Data, Shared, answer, functions};
use crate::world::{Spot, World, normalize};

/// Entries that are asked for at once.
const PAGE: usize = 1000;

/// The most symbolic links on one path, as Linux has it.
const LINKS_MAX: usize = 40;

type Done = tarbox_store::Result<()>;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    // Each of these takes a path, is refused where nothing may be written, and answers 0 or a negative errno.
    macro_rules! changes {
        ($($name:literal => |$world:ident, $spot:ident, $path:ident $(, $arg:ident: $ty:ty)*| $body:expr;)*) => {$({
            let shared = Rc::clone(shared);
            let function = move |ctx: Ctx<'js>, path: Data<'js> $(, $arg: $ty)*| {
                shared.alive(&ctx)?;
                let $world = shared.world.borrow();
                let done = path.with(|$path| {
                    let $spot = $world.spot($path)?;
                    $spot.writable().or_else(|refused| unless_missing(&$world, &$spot, refused))?;
                    $body
                });
                Ok::<_, rquickjs::Error>(answer(done, |()| 0))
            };
            functions!(ctx, native, { $name => function });
        })*};
    }
    changes! {
        "mkdir" => |world, spot, _path, mode: u32| {
            spot.files.make_node(&world.who, spot.path(), NewNode::Directory { mode: mode & 0o1777 }).map(drop)
        };
        "rmdir" => |world, spot, _path| spot.files.remove_dir(&world.who, spot.path());
        "unlink" => |world, spot, _path| spot.files.remove_file(&world.who, spot.path());
        "symlink" => |world, spot, _path, target: Data<'js>| target.with(|target| {
            spot.files.make_node(&world.who, spot.path(), NewNode::Symlink { target }).map(drop)
        });
        "chmod" => |world, spot, _path, mode: u32, follow: bool| {
            let set = SetAttr { mode: Some(mode & 0o7777), ..SetAttr::default() };
            spot.files.set_attr(&world.who, spot.path(), &set, following(follow)).map(drop)
        };
        "chown" => |world, spot, _path, uid: f64, gid: f64, follow: bool| {
            let set = SetAttr { uid: owner(uid), gid: owner(gid), ..SetAttr::default() };
            spot.files.set_attr(&world.who, spot.path(), &set, following(follow)).map(drop)
        };
        "utimes" => |world, spot, _path, atime: f64, mtime: f64, follow: bool| {
            let set = SetAttr { atime: moment(atime), mtime: moment(mtime), ..SetAttr::default() };
            spot.files.set_attr(&world.who, spot.path(), &set, following(follow)).map(drop)
        };
        "truncate" => |world, spot, _path, size: f64| {
            let set = SetAttr { size: Some(size as u64), ..SetAttr::default() };
            spot.files.set_attr(&world.who, spot.path(), &set, Follow::Yes).map(drop)
        };
        "rename" => |world, spot, path, to: Data<'js>| to.with(|to| {
            let target = beside(&world, &spot, to)?;
            let moved = spot.files.rename_path(&world.who, spot.path(), target.path(), RenameMode::Replace);
            moved.map_err(|error| match error.kind() {
                ErrorKind::IsDirectory if holds(&world, &target, path) => ErrorKind::NotEmpty.into(),
                _ => error,
            })
        });
    }
    let s = || Rc::clone(shared);
    let (links, reads, lists, real, by_number) = (s(), s(), s(), s(), s());
    functions!(ctx, native, {
        "link" => move |ctx: Ctx<'js>, from: Data<'js>, to: Data<'js>| {
            links.alive(&ctx)?;
            let world = links.world.borrow();
            let linked = from.with(|from| to.with(|to| {
                let spot = world.spot(from)?;
                let target = beside(&world, &spot, to)?;
                target.writable()?;
                spot.files.hard_link(&world.who, spot.path(), target.path(), Follow::No)
            }));
            Ok::<_, rquickjs::Error>(answer(linked, |_| 0))
        },
        "readlink" => move |ctx: Ctx<'js>, path: Data<'js>, bytes: bool| {
            reads.alive(&ctx)?;
            let world = reads.world.borrow();
            let target = path.with(|path| {
                let spot = world.spot(path)?;
                spot.files.read_link(&world.who, spot.path())
            });
            named(&ctx, target, bytes)
        },
        "realpath" => move |ctx: Ctx<'js>, path: Data<'js>, bytes: bool| {
            real.alive(&ctx)?;
            let world = real.world.borrow();
            named(&ctx, path.with(|path| real_path(&world, path)), bytes)
        },
        "readdir" => move |ctx: Ctx<'js>, path: Data<'js>, bytes: bool| {
            lists.alive(&ctx)?;
            let listed = path.with(|path| list(&lists.world.borrow(), path));
            entries(&ctx, listed, bytes)
        },
        "fsetattr" => move |ctx: Ctx<'js>, fd: i32, what: i32, first: f64, second: f64| {
            by_number.alive(&ctx)?;
            let mut world = by_number.world.borrow_mut();
            let who = world.who.clone();
            let set = match what {
                0 => SetAttr { mode: Some(first as u32 & 0o7777), ..SetAttr::default() },
                1 => SetAttr { uid: owner(first), gid: owner(second), ..SetAttr::default() },
                _ => SetAttr { atime: moment(first), mtime: moment(second), ..SetAttr::default() },
            };
            let done = world.descriptor(fd).and_then(|open| open.files.setattr(&who, open.ino, &set));
            Ok::<_, rquickjs::Error>(answer(done, |_| 0))
        },
    });
    Ok(())
}

fn following(follow: bool) -> Follow {
    if follow { Follow::Yes } else { Follow::No }
}

/// What is not there is not there, rather than read-only.
fn unless_missing(world: &World, spot: &Spot<'_>, refused: tarbox_store::Error) -> Done {
    match spot.files.resolve(&world.who, spot.path(), Follow::No) {
        Err(missing) if missing.kind() != ErrorKind::NotFound => Err(missing),
        _ => Err(refused),
    }
}

/// Whether the directory at a place holds what is at a path, however deep: Linux looks at that before it looks at what both are.
fn holds(world: &World, dir: &Spot<'_>, path: &[u8]) -> bool {
    let parent = path
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(&b"."[..], |slash| &path[..=slash]);
    let resolve = |spot: &Spot<'_>| spot.files.resolve(&world.who, spot.path(), Follow::Yes);
    let (Ok(dir), Ok(mut at)) = (resolve(dir), world.spot(parent).and_then(|spot| resolve(&spot))) else {
        return false;
    };
    let Ok(spot) = world.spot(parent) else {
        return false;
    };
    while at.ino != dir.ino {
        match spot.files.parent(&world.who, at.ino) {
            Ok(above) if above.ino != at.ino => at = above,
            _ => return false,
        }
    }
    true
}

/// A place in the same file system.
fn beside<'w>(world: &'w World, spot: &Spot<'_>, path: &[u8]) -> tarbox_store::Result<Spot<'w>> {
    let other = world.spot(path)?;
    match other.device == spot.device {
        true => other.writable().map(|()| other),
        false => Err(ErrorKind::CrossDevice.into()),
    }
}

/// A user or group of JavaScript: -1 and 2^32 - 1 leave what is there.
fn owner(number: f64) -> Option<u32> {
    (number >= 0.0 && number < f64::from(u32::MAX)).then_some(number as u32)
}

/// A moment in seconds; one that is no number is now.
fn moment(seconds: f64) -> Option<SetTime> {
    Some(match seconds.is_nan() {
        true => SetTime::Now,
        // Doubles hold the time of today to about 0.2 µs: digits beyond the microsecond would be noise.
        false => SetTime::At(Timestamp::from_nanos(
            i128::from((seconds * 1e6).round() as i64) * 1000,
        )),
    })
}

/// All entries of a directory, by name.
fn list(world: &World, path: &[u8]) -> tarbox_store::Result<Vec<DirName>> {
    let listed = world.spot(path).and_then(|spot| {
        let (_, handle) = spot
            .files
            .open_path(&world.who, spot.path(), OpenFlags::DIRECTORY, None)?;
        let mut all = Vec::new();
        let mut after = Cookie::default();
        let listed = loop {
            match spot.files.readdir_names(handle, after, PAGE) {
                Ok(page) => {
                    let full = page.len() == PAGE;
                    after = page.last().map_or(after, |last| last.cookie);
                    all.extend(page);
                    if !full {
                        break Ok(());
                    }
                }
                Err(error) => break Err(error),
            }
        };
        let closed = spot.files.release(handle);
        listed.and(closed).map(|()| all)
    });
    let mut entries = match (listed, world.above_mounts(path)) {
        (Ok(entries), _) => entries,
        (Err(error), Some(names)) if error.kind() == ErrorKind::NotFound => {
            names.into_iter().map(virtual_entry).collect()
        }
        (Err(error), _) => return Err(error),
    };
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn virtual_entry(name: Vec<u8>) -> DirName {
    DirName {
        name,
        cookie: Cookie::default(),
        ino: tarbox_store::Ino(1),
        kind: FileKind::Directory,
    }
}

/// Names and kinds in turn; kinds are numbered as `fs.constants.UV_DIRENT_*` are.
fn entries<'js>(
    ctx: &Ctx<'js>,
    listed: tarbox_store::Result<Vec<DirName>>,
    bytes: bool,
) -> Result<Value<'js>> {
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => return (-error.kind().errno()).into_js(ctx),
    };
    let all = Array::new(ctx.clone())?;
    for (index, entry) in listed.into_iter().enumerate() {
        let kind = match entry.kind {
            FileKind::File => 1,
            FileKind::Directory => 2,
            FileKind::Symlink => 3,
            FileKind::Fifo => 4,
            FileKind::Socket => 5,
            FileKind::CharDevice => 6,
            FileKind::BlockDevice => 7,
        };
        all.set(2 * index, named(ctx, Ok(entry.name), bytes)?)?;
        all.set(2 * index + 1, kind)?;
    }
    all.into_js(ctx)
}

/// A name as text or as bytes.
fn named<'js>(ctx: &Ctx<'js>, name: tarbox_store::Result<Vec<u8>>, bytes: bool) -> Result<Value<'js>> {
    match name {
        Ok(name) if bytes => TypedArray::new_copy(ctx.clone(), name)?.into_js(ctx),
        Ok(name) => String::from_utf8_lossy(&name).into_js(ctx),
        Err(error) => (-error.kind().errno()).into_js(ctx),
    }
}

/// The path without links.
fn real_path(world: &World, path: &[u8]) -> tarbox_store::Result<Vec<u8>> {
    if path.is_empty() {
        return Err(ErrorKind::NotFound.into());
    }
    let mut left: Vec<Vec<u8>> = names(&world.absolute(path));
    let mut done: Vec<u8> = Vec::new();
    let mut links = 0;
    let mut is_dir = true;
    while let Some(name) = left.pop() {
        if name == b".." {
            let end = done.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            done.truncate(end);
            is_dir = true;
            continue;
        }
        let before = done.len();
        done.push(b'/');
        done.extend_from_slice(&name);
        let attr = world.spot(&done).and_then(|spot| {
            let attr = spot.files.resolve(&world.who, spot.path(), Follow::No)?;
            let target = match attr.is_symlink() {
                true => Some(spot.files.read_link(&world.who, spot.path())?),
                false => None,
            };
            Ok((attr, target))
        });
        match attr {
            Ok((_, Some(target))) => {
                links += 1;
                if links > LINKS_MAX {
                    return Err(ErrorKind::Loop.into());
                }
                done.truncate(if target.first() == Some(&b'/') { 0 } else { before });
                left.extend(names(&target));
            }
            Ok((attr, None)) if !left.is_empty() && !attr.is_dir() => {
                return Err(ErrorKind::NotDirectory.into());
            }
            Ok((attr, None)) => is_dir = attr.is_dir(),
            Err(error) if error.kind() == ErrorKind::NotFound && world.above_mounts(&done).is_some() => {}
            Err(error) => return Err(error),
        }
    }
    if !is_dir && (path.ends_with(b"/") || path.ends_with(b"/.")) {
        return Err(ErrorKind::NotDirectory.into());
    }
    Ok(if done.is_empty() {
        normalize(b"/", b"")
    } else {
        done
    })
}

/// The names of a path, the first one last.
fn names(path: &[u8]) -> Vec<Vec<u8>> {
    let names = path
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".");
    names.rev().map(<[u8]>::to_vec).collect()
}
