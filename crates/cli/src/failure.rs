//! One failed command: one clear line for people, one object for programs.

use std::io;

use serde_json::{Map, Value, json};
use tarbox_store::{Error, ErrorKind};

use crate::exit::Exit;
use crate::print::escape;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command, or one of its operands, failed.
///
/// Boxed inside, so that a `Result` stays one word of error.
#[derive(Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    exit: Exit,
    /// The symbolic name, such as `ENOENT`.
    code: String,
    /// What it was about, safe to print.
    subject: Option<String>,
    /// What went wrong and what to do about it, without the subject.
    message: String,
    hopeless: bool,
    /// More members of the JSON object, for programs that want to act on them.
    more: Map<String, Value>,
}

impl Failure {
    fn with(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            exit,
            code: code.to_owned(),
            subject: None,
            message: message.into(),
            hopeless: false,
            more: Map::new(),
        }))
    }

    /// An error of this kind with a text of its own.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::with(kind.into(), kind.code(), message)
    }

    /// The arguments make no sense together.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::with(Exit::USAGE, "USAGE", message)
    }

    /// Something has to be confirmed first.
    pub(crate) fn unconfirmed(message: impl Into<String>) -> Self {
        Self::with(Exit::REFUSED, "UNCONFIRMED", message)
    }

    /// A file of the host, not of the workspace.
    pub(crate) fn host(path: impl AsRef<[u8]>, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::closed_pipe();
        }
        let (exit, code) = classify(error);
        Self::with(exit, code, host_text(error)).about(path)
    }

    /// Whoever read our output went away; nobody is left to be told.
    pub(crate) fn closed_pipe() -> Self {
        Self::with(Exit::CLOSED_PIPE, "EPIPE", "closed")
    }

    /// An error of the workspace about a path that is better known here than below.
    pub(crate) fn of(error: Error, path: impl AsRef<[u8]>) -> Self {
        let mut failure = Self::from(error);
        failure.0.subject = Some(escape(path.as_ref()).into_owned());
        failure
    }

    /// Names what it was about, unless that is known.
    #[must_use]
    pub(crate) fn about(mut self, subject: impl AsRef<[u8]>) -> Self {
        self.0
            .subject
            .get_or_insert_with(|| escape(subject.as_ref()).into_owned());
        self
    }

    /// Marks what would go wrong again with everything that follows.
    #[must_use]
    pub(crate) fn hopeless(mut self) -> Self {
        self.0.hopeless = true;
        self
    }

    /// Whether everything that follows would fail the same way: nobody reads on, nothing more fits, or the tenant is
    /// suspended.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.0.hopeless
            || matches!(self.0.exit, Exit::CLOSED_PIPE | Exit::NO_ROOM)
            || self.is(ErrorKind::Suspended)
    }

    /// Ends the process with another code.
    #[must_use]
    pub(crate) fn ending(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }

    /// Adds a member to the JSON form.
    #[must_use]
    pub(crate) fn with_member(mut self, name: &str, value: Value) -> Self {
        self.0.more.insert(name.to_owned(), value);
        self
    }

    /// Whether it is an error of this kind.
    pub(crate) fn is(&self, kind: ErrorKind) -> bool {
        self.0.code == kind.code()
    }

    /// What the process is to end with.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The line for people, without the program's name.
    pub(crate) fn line(&self) -> String {
        match &self.0.subject {
            Some(subject) => format!("{subject}: {}", self.0.message),
            None => self.0.message.clone(),
        }
    }

    /// The object for programs.
    pub(crate) fn json(&self) -> Value {
        let mut object = json!({
            "error": self.0.code,
            "message": self.line(),
            "exit": self.0.exit.0,
        });
        if let Value::Object(members) = &mut object {
            if let Some(subject) = &self.0.subject {
                members.insert("subject".into(), json!(subject));
            }
            members.extend(self.0.more.clone());
        }
        object
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut message = error.kind().text().to_owned();
        if let Some(detail) = error.detail() {
            message.push_str(&format!(" ({})", escape(detail.as_bytes())));
        }
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            message.push_str(&format!(": {}", escape(cause.to_string().as_bytes())));
            source = cause.source();
        }
        let failure = Self::new(error.kind(), message);
        match error.subject() {
            // The subject is escaped already; a second time would double its backslashes.
            Some(subject) => {
                let mut failure = failure;
                failure.0.subject = Some(subject.to_owned());
                failure
            }
            None => failure,
        }
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, kind.text())
    }
}

fn classify(error: &io::Error) -> (Exit, &'static str) {
    use io::ErrorKind as K;
    match error.kind() {
        K::NotFound => (Exit::NOT_FOUND, "ENOENT"),
        K::PermissionDenied => (Exit::REFUSED, "EACCES"),
        K::ReadOnlyFilesystem => (Exit::REFUSED, "EROFS"),
        K::StorageFull => (Exit::NO_ROOM, "ENOSPC"),
        K::QuotaExceeded => (Exit::NO_ROOM, "EDQUOT"),
        K::AlreadyExists => (Exit::IN_THE_WAY, "EEXIST"),
        K::DirectoryNotEmpty => (Exit::IN_THE_WAY, "ENOTEMPTY"),
        K::NotADirectory => (Exit::FAILED, "ENOTDIR"),
        K::IsADirectory => (Exit::FAILED, "EISDIR"),
        K::InvalidInput => (Exit::FAILED, "EINVAL"),
        _ => (Exit::FAILED, "EIO"),
    }
}

/// The system's words, begun in lower case and without the number behind them.
fn host_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string());
    format!("{}{} (on the host)", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_error_becomes_one_line_and_one_object() {
        let f = Failure::from(Error::new(ErrorKind::ReadOnly).about("/a").because("switch back"));
        assert_eq!(f.line(), "/a: read-only file system (switch back)");
        assert_eq!(f.exit(), Exit::REFUSED);
        let json = f.json();
        assert_eq!(json["error"], "EROFS");
        assert_eq!(json["subject"], "/a");
        assert_eq!(json["exit"], 4);
    }

    #[test]
    fn a_host_error_says_where_it_is_from() {
        let f = Failure::host("/x", &io::Error::from_raw_os_error(2));
        assert_eq!(f.line(), "/x: no such file or directory (on the host)");
        assert_eq!(f.exit(), Exit::NOT_FOUND);
    }

    #[test]
    fn the_first_subject_stays() {
        let f = Failure::from(ErrorKind::Exists).about("/a").about("/b");
        assert_eq!(f.line(), "/a: file exists");
    }
}
