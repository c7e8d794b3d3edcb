//! Changing files.

use base64::Engine as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tarbox_calls::{Place, Request, version_of};
use tarbox_fs::{FilesystemExt as _, blocking};
use tarbox_store::{Error, ErrorKind, Result, Scope};

use crate::desk::Desk;
use crate::read::whole;
use crate::tool::Said;

/// Bytes of a file that can be edited.
const EDIT_MAX: u64 = 8 << 20;
/// Permission bits of a new file and of a new directory, before the umask.
const FILE: f64 = 0o666 as f64;
const DIRECTORY: f64 = 0o777 as f64;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Write {
    /// The path
    path: String,
    /// All of the new content: text, or base64 if that is set
    content: String,
    /// Whether the content is base64
    #[serde(default)]
    base64: bool,
    /// Only if the file still has this version, as stat tells it
    #[serde(default)]
    if_version: Option<String>,
    /// Only if there is no such file yet
    #[serde(default)]
    create: bool,
}

pub(crate) fn file<P: Place>(desk: &mut Desk<P>, write: Write) -> Result<Said> {
    desk.allow(Scope::Write)?;
    let decoded;
    let data = match write.base64 {
        false => write.content.as_bytes(),
        true => {
            let wrong = |e: base64::DecodeError| Error::new(ErrorKind::Invalid).because(e.to_string());
            decoded = base64::engine::general_purpose::STANDARD
                .decode(&write.content)
                .map_err(wrong)?;
            &decoded
        }
    };
    let parent = write
        .path
        .trim_end_matches('/')
        .rsplit_once('/')
        .map_or("", |(parent, _)| parent);
    if !parent.is_empty() {
        desk.call(
            "mkdir",
            &Request {
                first: parent,
                numbers: [DIRECTORY, 1.0, 0.0],
                ..Request::default()
            },
        )?;
    }
    put(desk, &write.path, data, write.if_version.as_deref(), write.create)
}

fn put<P: Place>(
    desk: &mut Desk<P>,
    path: &str,
    data: &[u8],
    if_version: Option<&str>,
    create: bool,
) -> Result<Said> {
    desk.call(
        "writeFile",
        &Request {
            first: path,
            second: if_version.unwrap_or_default(),
            data,
            numbers: [FILE, f64::from(u8::from(create)), 0.0],
        },
    )?;
    desk.workspace.sync()?;
    let workspace = &desk.workspace;
    let attr = blocking(workspace.place().fs().stat(workspace.who(), workspace.path(path)))?;
    Ok(Said::object(
        json!({ "bytes": data.len(), "version": version_of(&attr) }),
    ))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The path
    path: String,
    /// The text to replace, exactly as it is in the file
    old: String,
    /// The text that takes its place
    new: String,
    /// Replace it wherever it is
    #[serde(default)]
    all: bool,
}

pub(crate) fn edit<P: Place>(desk: &mut Desk<P>, edit: Edit) -> Result<Said> {
    desk.allow(Scope::Write)?;
    let refused = |why: String| Err(Error::new(ErrorKind::Invalid).about(&edit.path).because(why));
    if edit.old.is_empty() {
        return refused("the text to replace is empty; write the file as a whole".into());
    }
    let (attr, text) = whole(desk, &edit.path, EDIT_MAX)?;
    let new = match (text.matches(&edit.old).count(), edit.all) {
        (0, _) => return refused("the text to replace is not in it: read the file again".into()),
        (1, _) | (_, true) => text.replace(&edit.old, &edit.new),
        (count, false) => {
            return refused(format!(
                "the text to replace is in it {count} times: give more of what is around it, or set all"
            ));
        }
    };
    // Nobody else's change is lost.
    put(desk, &edit.path, new.as_bytes(), Some(&version_of(&attr)), false)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// What to move
    from: String,
    /// Where to
    to: String,
    /// Replace what is there
    #[serde(default)]
    replace: bool,
}

pub(crate) fn rename<P: Place>(desk: &mut Desk<P>, named: Move) -> Result<Said> {
    desk.allow(Scope::Write)?;
    let request = Request {
        first: &named.from,
        second: &named.to,
        numbers: [f64::from(u8::from(!named.replace)), 0.0, 0.0],
        ..Request::default()
    };
    desk.call("rename", &request)?;
    desk.workspace.sync()?;
    Ok(Said::text("moved"))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remove {
    /// What to remove
    path: String,
    /// A directory goes with all in it
    #[serde(default)]
    recursive: bool,
}

pub(crate) fn remove<P: Place>(desk: &mut Desk<P>, gone: Remove) -> Result<Said> {
    desk.allow(Scope::Write)?;
    let workspace = &desk.workspace;
    let attr = blocking(
        workspace
            .place()
            .fs()
            .lstat(workspace.who(), workspace.path(&gone.path)),
    )?;
    let name = if attr.is_dir() && !gone.recursive {
        "rmdir"
    } else {
        "remove"
    };
    let request = Request {
        first: &gone.path,
        numbers: [f64::from(u8::from(gone.recursive)), 0.0, 0.0],
        ..Request::default()
    };
    desk.call(name, &request)?;
    desk.workspace.sync()?;
    Ok(Said::text("removed"))
}
