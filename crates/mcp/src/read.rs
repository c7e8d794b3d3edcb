//! Looking at files.

use base64::Engine as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tarbox_calls::{Place, Request, version_of};
use tarbox_fs::{FilesystemExt as _, blocking};
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Result, Scope};

use crate::desk::Desk;
use crate::tool::Said;

/// Bytes of a file that one answer has.
const READ_MAX: u64 = 256 << 10;
/// Entries of a listing.
const LIST_MAX: usize = 2000;
/// Directories below each other that a listing goes into.
const DEPTH_MAX: usize = 64;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// The path, such as /notes/a.txt
    path: String,
    /// The first line to show, counted from 1
    #[serde(default)]
    line: Option<usize>,
    /// How many lines to show
    #[serde(default)]
    lines: Option<usize>,
    /// The byte to begin at, for files that are too large for one answer
    #[serde(default)]
    offset: Option<u64>,
}

pub(crate) fn file<P: Place>(desk: &mut Desk<P>, read: Read) -> Result<Said> {
    desk.allow(Scope::Read)?;
    let offset = read.offset.unwrap_or(0);
    let request = Request {
        first: &read.path,
        numbers: [offset as f64, (READ_MAX + 1) as f64, 0.0],
        ..Request::default()
    };
    let (_, mut bytes) = desk.call("readFile", &request)?;
    let more = bytes.len() as u64 > READ_MAX;
    bytes.truncate(READ_MAX as usize);
    let end = offset + bytes.len() as u64;
    let rest = || format!("\n[the file goes on: read it with offset {end}]");
    match text(bytes, more) {
        Ok(text) => {
            let mut shown = lines(&text, read.line, read.lines);
            if more {
                shown += &rest();
            }
            Ok(Said::text(shown))
        }
        Err(bytes) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
            Ok(Said::object(
                json!({ "base64": encoded, "offset": offset, "more": more }),
            ))
        }
    }
}

/// The bytes as text, without a character that is cut in two at the end.
fn text(mut bytes: Vec<u8>, is_cut: bool) -> std::result::Result<String, Vec<u8>> {
    if let Err(error) = std::str::from_utf8(&bytes)
        && is_cut
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    if bytes.contains(&0) {
        return Err(bytes);
    }
    String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
}

fn lines(text: &str, first: Option<usize>, count: Option<usize>) -> String {
    if first.is_none() && count.is_none() {
        return text.to_owned();
    }
    let skipped = first.unwrap_or(1).saturating_sub(1);
    let chosen = text.split_inclusive('\n').skip(skipped);
    chosen.take(count.unwrap_or(usize::MAX)).collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// The directory
    path: String,
    /// How many directories deep; 1 unless said otherwise
    #[serde(default)]
    depth: Option<usize>,
}

pub(crate) fn directory<P: Place>(desk: &mut Desk<P>, list: List) -> Result<Said> {
    desk.allow(Scope::Read)?;
    let depth = list.depth.unwrap_or(1).clamp(1, DEPTH_MAX);
    let mut entries = Vec::new();
    let mut waiting = vec![(String::new(), depth)];
    let mut more = false;
    while let Some((below, depth)) = waiting.pop() {
        let path = format!("{}{below}", list.path.trim_end_matches('/'));
        let path = if path.is_empty() { "/" } else { &path };
        let (fs, who) = (desk.workspace.place().fs(), desk.workspace.who());
        let mut found = match blocking(fs.read_dir(who, desk.workspace.path(path))) {
            // A directory below may be closed, or gone by now.
            Err(_) if !below.is_empty() => continue,
            found => found?,
        };
        found.sort_by(|one, other| one.name.cmp(&other.name));
        for entry in &found {
            if entries.len() == LIST_MAX {
                more = true;
                break;
            }
            let name = format!("{below}/{}", String::from_utf8_lossy(&entry.name));
            entries.push(json!({
                "path": name.trim_start_matches('/'),
                "kind": kind(entry.attr.kind),
                "size": entry.attr.size,
            }));
        }
        let deeper = found
            .iter()
            .rev()
            .filter(|entry| depth > 1 && entry.attr.is_dir());
        for entry in deeper {
            // A name that is no text leads nowhere from here.
            if let Ok(name) = std::str::from_utf8(&entry.name) {
                waiting.push((format!("{below}/{name}"), depth - 1));
            }
        }
    }
    Ok(Said::object(json!({ "entries": entries, "more": more })))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stat {
    /// The path
    path: String,
}

pub(crate) fn attributes<P: Place>(desk: &mut Desk<P>, stat: Stat) -> Result<Said> {
    desk.allow(Scope::Read)?;
    let workspace = &desk.workspace;
    let (fs, who) = (workspace.place().fs(), workspace.who());
    let attr = blocking(fs.lstat(who, workspace.path(&stat.path)))?;
    let mut shown = described(&attr);
    if attr.is_symlink() {
        let target = blocking(fs.read_link(who, workspace.path(&stat.path)))?;
        shown["target"] = String::from_utf8_lossy(&target).into();
    }
    Ok(Said::object(shown))
}

fn described(attr: &Attr) -> Value {
    json!({
        "kind": kind(attr.kind),
        "size": attr.size,
        "mode": format!("{:04o}", attr.mode),
        "uid": attr.uid,
        "gid": attr.gid,
        "links": attr.nlink,
        "inode": attr.ino.0,
        "modified_ns": attr.mtime.0,
        "version": version_of(attr),
    })
}

pub(crate) fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Directory => "directory",
        FileKind::Symlink => "symlink",
        _ => "special",
    }
}

/// The content of a file that is text and not too large to be changed by an agent.
pub(crate) fn whole<P: Place>(desk: &mut Desk<P>, path: &str, max: u64) -> Result<(Attr, String)> {
    let workspace = &desk.workspace;
    let (fs, who) = (workspace.place().fs(), workspace.who());
    let attr = blocking(fs.stat(who, workspace.path(path)))?;
    if attr.size > max {
        return Err(Error::new(ErrorKind::FileTooLarge).about(path));
    }
    let bytes = blocking(fs.read_file(who, workspace.path(path)))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::new(ErrorKind::Invalid)
            .about(path)
            .because("it is not text; write it as a whole")
    })?;
    Ok((attr, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_shown_by_lines() {
        let cut = "aé".as_bytes()[..2].to_vec();
        assert_eq!(text(cut.clone(), true).unwrap(), "a");
        assert_eq!(text(cut.clone(), false).unwrap_err(), cut);
        assert!(text(vec![b'a', 0], false).is_err());
        let all = "one\ntwo\nthree";
        assert_eq!(lines(all, None, None), all);
        assert_eq!(lines(all, Some(2), Some(1)), "two\n");
        assert_eq!(lines(all, Some(3), None), "three");
        assert_eq!(lines(all, Some(9), None), "");
        assert_eq!(lines(all, None, Some(1)), "one\n");
    }
}
