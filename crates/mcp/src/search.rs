//! Searching in the content of files.

use regex::RegexBuilder;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tarbox_calls::Place;
use tarbox_fs::{FilesystemExt as _, Walk, blocking};
use tarbox_store::{Error, ErrorKind, Result, Scope};

use crate::desk::Desk;
use crate::tool::Said;

/// Matches of an answer, and characters of a line that are shown.
const MATCHES_MAX: usize = 200;
const LINE_MAX: usize = 400;
/// Bytes of a file that is looked into, and of all of them together.
const FILE_MAX: u64 = 4 << 20;
const ALL_MAX: u64 = 256 << 20;
/// Files and directories that are passed.
const ENTRIES_MAX: usize = 200_000;
/// Bytes that a pattern takes in memory.
const PATTERN_MAX: usize = 1 << 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// A regular expression (Rust's syntax)
    pattern: String,
    /// The directory to search; everything if nothing is said
    #[serde(default)]
    path: Option<String>,
    /// Only files whose names end so, such as .rs
    #[serde(default)]
    suffix: Option<String>,
    /// Whether upper and lower case are the same
    #[serde(default)]
    ignore_case: bool,
}

pub(crate) fn search<P: Place>(desk: &mut Desk<P>, search: Search) -> Result<Said> {
    desk.allow(Scope::Read)?;
    let pattern = RegexBuilder::new(&search.pattern)
        .case_insensitive(search.ignore_case)
        .size_limit(PATTERN_MAX)
        .build()
        .map_err(|e| Error::new(ErrorKind::Invalid).because(e.to_string()))?;
    let top = search.path.as_deref().unwrap_or("/");
    let workspace = &desk.workspace;
    let (fs, who) = (workspace.place().fs(), workspace.who());
    let start = blocking(fs.stat(who, workspace.path(top)))?;
    let suffix = search.suffix.as_deref().unwrap_or_default().as_bytes();
    let mut walk = Walk::new(fs, who, start).by_name();
    let mut found = Vec::new();
    let (mut entries, mut bytes, mut more) = (0, 0, false);
    while let Some(entry) = blocking(walk.next())? {
        entries += 1;
        if entries > ENTRIES_MAX || bytes > ALL_MAX || found.len() >= MATCHES_MAX {
            more = true;
            break;
        }
        let path = walk.path();
        let attr = &entry.attr;
        if !attr.is_file() || attr.size == 0 || attr.size > FILE_MAX || !path.ends_with(suffix) {
            continue;
        }
        let below = String::from_utf8_lossy(path);
        let shown = match below.trim_start_matches('/') {
            "" => top.to_owned(),
            below => format!("{}/{below}", top.trim_end_matches('/')),
        };
        // One that may not be read, or is gone by now, has no matches.
        let Ok(content) = blocking(fs.read_file(who, workspace.path(&shown))) else {
            continue;
        };
        bytes += content.len() as u64;
        let Ok(text) = String::from_utf8(content) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if found.len() >= MATCHES_MAX {
                break;
            }
            if pattern.is_match(line) {
                let line: String = line.chars().take(LINE_MAX).collect();
                found.push(json!({ "path": shown, "line": number + 1, "text": line }));
            }
        }
    }
    Ok(Said::object(json!({ "matches": found, "more": more })))
}
