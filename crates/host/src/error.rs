//! What can go wrong with a run, in one line each.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tarbox_store::ErrorKind;

use crate::Limit;

/// Why a program did not run to an end of its own.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// Its file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no WebAssembly, or broken.
    NotWasm {
        /// The program.
        program: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It needs something from the host that is not there.
    MissingImport {
        /// The program.
        program: String,
        /// What it needs, as `module.name`, and of which kind.
        import: String,
    },
    /// It needs something from the host of another type than it is.
    WrongImport {
        /// The program.
        program: String,
        /// What does not fit.
        reason: String,
    },
    /// It is a library: there is nothing to run.
    NotAProgram {
        /// The program.
        program: String,
        /// What it would have to export.
        expected: &'static str,
    },
    /// A directory to be lent is none.
    Preopen {
        /// Its path.
        path: String,
        /// What is wrong with it.
        kind: ErrorKind,
    },
    /// It exceeded a limit.
    Limit {
        /// The program.
        program: String,
        /// The limit.
        limit: Limit,
    },
    /// It did what no program may, such as reading beyond its memory.
    Trap(Trap),
    /// The host itself failed.
    Host {
        /// What it was about to do.
        doing: &'static str,
        /// Why it could not.
        reason: String,
    },
}

/// How a program ended that did what it may not.
#[derive(Debug, Clone)]
pub struct Trap {
    /// The program.
    pub program: String,
    /// What it did.
    pub reason: String,
    /// The functions it was in, the innermost first, as far as the program names them.
    pub frames: Vec<String>,
}

impl RunError {
    /// The status that a command ends with: 134 for a trap, as a process has that aborted; 126 for what cannot be run;
    /// the limit's own; 1 otherwise.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Trap(_) => 134,
            Self::NotWasm { .. }
            | Self::MissingImport { .. }
            | Self::WrongImport { .. }
            | Self::NotAProgram { .. } => 126,
            Self::Limit { limit, .. } => limit.exit_code(),
            Self::Read { .. } | Self::Preopen { .. } | Self::Host { .. } => 1,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "{}: {source}", path.display()),
            Self::NotWasm { program, reason } => write!(f, "{program}: not a WebAssembly program: {reason}"),
            Self::MissingImport { program, import } => {
                write!(f, "{program}: needs {import}, which Tarbox does not provide")
            }
            Self::WrongImport { program, reason } => {
                write!(f, "{program}: is not compatible with Tarbox: {reason}")
            }
            Self::NotAProgram { program, expected } => {
                write!(
                    f,
                    "{program}: a library, not a program: it does not export {expected}"
                )
            }
            Self::Preopen { path, kind } => write!(f, "cannot give {path} to the program: {}", kind.text()),
            Self::Limit { program, limit } => write!(f, "{program}: ended: {limit}"),
            Self::Trap(trap) => trap.fmt(f),
            Self::Host { doing, reason } => write!(f, "cannot {doing}: {reason}"),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: trapped: {}", self.program, self.reason)?;
        match self.frames.first() {
            Some(frame) => write!(f, ", in {frame}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            Self::Limit { limit, .. } => Some(limit),
            _ => None,
        }
    }
}

/// The message of an error without line breaks.
pub(crate) fn one_line(error: &(dyn std::error::Error + 'static)) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The messages of an error and of what caused it, without line breaks.
pub(crate) fn with_causes(error: &wasmtime::Error) -> String {
    error.chain().map(one_line).collect::<Vec<_>>().join(": ")
}
