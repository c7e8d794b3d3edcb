//! Directories of the host: the lent one, and those below it that lead to files.

use crate::bindings::wasi::filesystem::preopens::get_directories;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

type Result<T> = std::result::Result<T, ErrorCode>;

/// The directory of that name, which was lent or is below one that was and made if it is missing; without a name the first
/// that was lent.
///
/// # Errors
/// Why there is none, in a sentence.
pub(crate) fn lent(name: Option<&str>) -> std::result::Result<Descriptor, String> {
    let all = get_directories();
    let Some(name) = name else {
        let first = all.into_iter().next();
        return first.map(|(dir, _)| dir).ok_or_else(|| {
            "no directory was lent to keep the database in; lend one (wasmtime run --dir DIR), or set \
             TARBOX_STORE=memory"
                .to_owned()
        });
    };
    let wanted = normal(name);
    let names: Vec<String> = all.iter().map(|(_, name)| name.clone()).collect();
    let below = |lent: &str| match normal(lent) {
        "" => Some(wanted),
        lent => wanted
            .strip_prefix(lent)
            .filter(|rest| rest.is_empty() || rest.starts_with('/')),
    };
    let best = all
        .into_iter()
        .filter_map(|(dir, lent)| below(&lent).map(|rest| (dir, rest.trim_start_matches('/'))))
        .min_by_key(|(_, rest)| rest.len());
    let Some((dir, rest)) = best else {
        return Err(format!(
            "TARBOX_DIR is '{name}', which is not among the directories that were lent: {names:?}"
        ));
    };
    if rest.is_empty() {
        return Ok(dir);
    }
    make(&dir, rest)
        .and_then(|()| open_to_change(&dir, rest))
        .map_err(|code| format!("cannot open the directory '{name}': {}", code.message()))
}

/// Without what says nothing at both ends.
fn normal(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    match path {
        "." => "",
        path => path.trim_start_matches('/'),
    }
}

/// Opens a directory to be read and synced.
fn open(root: &Descriptor, path: &str) -> Result<Descriptor> {
    root.open_at(
        PathFlags::empty(),
        path,
        OpenFlags::DIRECTORY,
        DescriptorFlags::READ,
    )
}

/// Opens a directory to change what is in it. Some hosts know no such right, and allow it to whoever may read.
fn open_to_change(root: &Descriptor, path: &str) -> Result<Descriptor> {
    let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
    match root.open_at(PathFlags::empty(), path, OpenFlags::DIRECTORY, flags) {
        Err(ErrorCode::Unsupported) => open(root, path),
        opened => opened,
    }
}

/// Makes a directory and all that lead to it.
fn make(root: &Descriptor, path: &str) -> Result<()> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    for end in ends {
        match root.create_directory_at(&path[..end]) {
            Ok(()) | Err(ErrorCode::Exist) => {}
            Err(code) => return Err(code),
        }
    }
    Ok(())
}

/// Makes the directories that lead to a file.
pub(super) fn make_parents(root: &Descriptor, name: &str) -> Result<()> {
    match name.rsplit_once('/') {
        Some((parent, _)) => make(root, parent),
        None => Err(ErrorCode::NoEntry),
    }
}

/// Whether there is a directory of that name.
pub(super) fn is(root: &Descriptor, name: &str) -> bool {
    let stat = root.stat_at(PathFlags::empty(), name);
    stat.is_ok_and(|stat| stat.type_ == DescriptorType::Directory)
}

/// Removes the directories that led to a file that is gone, as far as they are empty.
pub(super) fn prune(root: &Descriptor, name: &str) {
    let mut path = name;
    while let Some((parent, _)) = path.rsplit_once('/') {
        if root.remove_directory_at(parent).is_err() {
            break;
        }
        path = parent;
    }
}

/// The regular files whose names begin with `prefix`, sorted.
pub(super) fn list(root: &Descriptor, prefix: &str) -> Result<Vec<String>> {
    let start = prefix.rsplit_once('/').map_or("", |(dir, _)| dir);
    let mut pending = vec![start.to_owned()];
    let mut names = Vec::new();
    while let Some(directory) = pending.pop() {
        let all = match entries(root, &directory) {
            Err(ErrorCode::NoEntry | ErrorCode::NotDirectory) if !directory.is_empty() => continue,
            all => all?,
        };
        for (name, kind) in all {
            let path = match directory.is_empty() {
                true => name,
                false => format!("{directory}/{name}"),
            };
            match kind {
                _ if !path.starts_with(prefix) => {}
                DescriptorType::Directory => pending.push(path),
                DescriptorType::RegularFile => names.push(path),
                _ => {}
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Names and kinds of what is in a directory, without `.` and `..`, which some hosts tell.
pub(super) fn entries(root: &Descriptor, path: &str) -> Result<Vec<(String, DescriptorType)>> {
    let opened;
    let dir = match path {
        "" => root,
        path => {
            opened = open(root, path)?;
            &opened
        }
    };
    let stream = dir.read_directory()?;
    let mut all = Vec::new();
    while let Some(entry) = stream.read_directory_entry()? {
        if entry.name != "." && entry.name != ".." {
            all.push((entry.name, entry.type_));
        }
    }
    Ok(all)
}

/// Makes the names in all directories durable. Hosts that cannot sync a directory keep names by themselves.
pub(super) fn sync_all(root: &Descriptor) -> Result<()> {
    let mut pending = vec![String::new()];
    while let Some(path) = pending.pop() {
        for (name, kind) in entries(root, &path)? {
            if kind == DescriptorType::Directory {
                pending.push(match path.is_empty() {
                    true => name,
                    false => format!("{path}/{name}"),
                });
            }
        }
        let synced = match path.as_str() {
            "" => root.sync(),
            path => match open(root, path) {
                Ok(dir) => dir.sync(),
                Err(ErrorCode::NoEntry) => Ok(()),
                Err(code) => Err(code),
            },
        };
        match synced {
            Ok(()) | Err(ErrorCode::BadDescriptor | ErrorCode::Unsupported | ErrorCode::Invalid) => {}
            Err(code) => return Err(code),
        }
    }
    Ok(())
}
