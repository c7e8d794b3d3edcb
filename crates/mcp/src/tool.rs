//! What a tool is: a name, what it takes, and what it does.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tarbox_calls::Place;
use tarbox_store::{Error, ErrorKind, Result};

use crate::desk::Desk;
use crate::{history, read, search, write};

/// What a tool answers: text for the agent, and the same as an object where it has a shape.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) object: Option<Value>,
}

impl Said {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            object: None,
        }
    }

    pub(crate) fn object(object: Value) -> Self {
        Self {
            text: serde_json::to_string_pretty(&object).unwrap_or_default(),
            object: Some(object),
        }
    }
}

type Act<P> = fn(&mut Desk<P>, Value) -> Result<Said>;

/// A tool.
pub(crate) struct Tool<P: Place> {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) only_reads: bool,
    pub(crate) takes: fn() -> Map<String, Value>,
    pub(crate) act: Act<P>,
}

fn schema<T: JsonSchema>() -> Map<String, Value> {
    match schemars::schema_for!(T).to_value() {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// Reads what a tool was given.
pub(crate) fn given<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|e| Error::new(ErrorKind::Invalid).because(e.to_string()))
}

macro_rules! tools {
    ($($name:literal $module:ident::$act:ident($takes:ident) $reads:literal $about:literal;)*) => {
        /// All tools.
        pub(crate) fn all<P: Place>() -> Vec<Tool<P>> {
            vec![$(Tool {
                name: $name,
                about: $about,
                only_reads: $reads,
                takes: schema::<$module::$takes>,
                act: |desk, value| $module::$act(desk, given(value)?),
            }),*]
        }
    };
}

tools! {
    "read" read::file(Read) true
        "Read a file. Text comes as it is, a part of it by lines; anything else as base64. \
         A sealed layer is read below /.tarbox/snapshots/LAYER/.";
    "list" read::directory(List) true
        "List a directory, or with depth the tree below it.";
    "stat" read::attributes(Stat) true
        "Look at one file or directory: kind, size, mode, owner, times, and the version that write and edit can ask for.";
    "search" search::search(Search) true
        "Search the content of files by a regular expression, in a directory and below it. Answers file, line number and line.";
    "write" write::file(Write) false
        "Write a whole file; directories on the way are made. It is replaced in one step, and on the device when the answer comes.";
    "edit" write::edit(Edit) false
        "Replace a text in a file by another. It has to be there exactly once, unless all is set. Fails if the file changes meanwhile.";
    "move" write::rename(Move) false
        "Rename or move a file or directory. What is there already is replaced only if replace is set.";
    "remove" write::remove(Remove) false
        "Remove a file or an empty directory; with recursive a directory and all in it.";
    "checkpoint" history::checkpoint(Checkpoint) false
        "Seal the current state as a layer of this name, which can be compared with, read and switched to later.";
    "layers" history::layers(Nothing) true
        "List the layers, the oldest first.";
    "diff" history::diff(Diff) true
        "Compare two layers: what was added, modified, renamed and deleted. Without to, with the current state.";
    "switch" history::switch(Switch) false
        "Bring a sealed layer into view for everybody; nothing can be written until 'head' is switched to again.";
    "audit" history::audit(Audit) true
        "Who changed what, the newest first.";
}
