//! Content as an argument: the text itself, or standard input.

use std::ffi::OsStr;
use std::io::Read;

use crate::failure::{Failure, Result};
use crate::platform;

/// What is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Text(Vec<u8>),
    Stdin,
}

impl Source {
    /// What an argument means: without one, and with `-`, it is standard input. Behind `--` a hyphen is just a hyphen.
    pub(crate) fn of(text: Option<&OsStr>) -> Self {
        Self::new(text, std::env::args_os())
    }

    fn new<A: AsRef<OsStr>>(text: Option<&OsStr>, arguments: impl Iterator<Item = A>) -> Self {
        match text {
            None => Self::Stdin,
            Some(text) if text == "-" && !is_after_dashes(arguments) => Self::Stdin,
            Some(text) => Self::Text(platform::bytes_of(text).into_owned()),
        }
    }

    /// A text with a line break at its end, if that is asked for; standard input as it is.
    #[must_use]
    pub(crate) fn ending(mut self, newline: bool) -> Self {
        if let (Self::Text(text), true) = (&mut self, newline) {
            text.push(b'\n');
        }
        self
    }

    /// All of it at once, of standard input at most `limit` bytes.
    ///
    /// # Errors
    /// Those of reading standard input.
    pub(crate) fn read(self, limit: u64) -> Result<Vec<u8>> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Stdin => {
                let mut content = Vec::new();
                let read = std::io::stdin().lock().take(limit).read_to_end(&mut content);
                read.map_err(|e| Failure::host("standard input", &e))?;
                Ok(content)
            }
        }
    }
}

/// Whether `--` stands before the last hyphen: what follows it is an operand, whatever it looks like.
fn is_after_dashes<A: AsRef<OsStr>>(mut arguments: impl Iterator<Item = A>) -> bool {
    arguments.any(|argument| argument.as_ref() == "--") && arguments.any(|argument| argument.as_ref() == "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyphen_is_standard_input_unless_it_is_escaped() {
        let source = |arguments: &[&str]| {
            let text = arguments
                .last()
                .filter(|last| last.starts_with('-') || **last == "text");
            Source::new(text.map(OsStr::new), arguments.iter())
        };
        for arguments in [&["tarbox", "write", "/f"][..], &["tarbox", "write", "/f", "-"]] {
            assert_eq!(source(arguments), Source::Stdin, "{arguments:?}");
        }
        let text = |text: &str| Source::Text(text.into());
        assert_eq!(source(&["tarbox", "write", "/f", "--", "-"]), text("-"));
        assert_eq!(source(&["tarbox", "write", "--", "/f", "-"]), text("-"));
        assert_eq!(source(&["tarbox", "write", "/f", "-n"]), text("-n"));
        assert_eq!(text("a").ending(true), text("a\n"));
    }
}
