//! What the command says: text for people on a terminal, text for pipes, JSON for programs.

pub(crate) mod colour;
mod escape;
mod json;
mod table;
mod units;

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use anstyle::Style;
use serde::Serialize;

use crate::failure::{Failure, Result};

pub(crate) use escape::escape;
pub(crate) use json::{Entry, PathText, hex};
pub(crate) use table::{Align, Table, columns};
pub(crate) use units::{Size, grouped, mode_text};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColourChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For programs: one object for one thing, one object a line for lists.
    Json,
}

/// Standard output and standard error of one command.
pub(crate) struct Printer {
    form: Form,
    colour: bool,
    colour_errors: bool,
    terminal: bool,
    out: RefCell<BufWriter<Stdout>>,
}

impl Printer {
    pub(crate) fn new(form: Form, colour: ColourChoice) -> Self {
        let terminal = io::stdout().is_terminal();
        Self {
            form,
            colour: form == Form::Text && wanted(colour, anstream::AutoStream::choice(&io::stdout())),
            colour_errors: wanted(colour, anstream::AutoStream::choice(&io::stderr())),
            terminal,
            out: RefCell::new(BufWriter::with_capacity(64 << 10, io::stdout())),
        }
    }

    /// Whether programs read this.
    pub(crate) fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Whether a person looks at it right now.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The text in this style where colours are on.
    pub(crate) fn paint(&self, style: Style, text: impl Display) -> String {
        colour::paint(self.colour, style, text)
    }

    /// The name, safe for a terminal, in this style.
    pub(crate) fn name(&self, style: Style, name: &[u8]) -> String {
        self.paint(style, escape(name))
    }

    /// Prints one line.
    pub(crate) fn line(&self, text: impl Display) -> Result<()> {
        check(writeln!(self.out.borrow_mut(), "{text}"))
    }

    /// Prints text or bytes as they are: content, not names.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<()> {
        check(self.out.borrow_mut().write_all(bytes))
    }

    /// Prints one thing that stands alone, with line breaks where a person looks at it.
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<()> {
        let text = if self.terminal {
            serde_json::to_string_pretty(value)
        } else {
            serde_json::to_string(value)
        };
        self.line(text.map_err(|e| Failure::from(tarbox_store::ErrorKind::Io).about(e.to_string()))?)
    }

    /// Prints one of a list: one object on one line.
    pub(crate) fn record(&self, value: &impl Serialize) -> Result<()> {
        let mut out = self.out.borrow_mut();
        serde_json::to_writer(&mut *out, value)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .or_else(|e| check(Err(e)))
    }

    /// Prints one of a list: as JSON, or as the line of text that `text` makes of it.
    pub(crate) fn either(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        match self.form {
            Form::Json => self.record(value),
            Form::Text => self.line(text()),
        }
    }

    /// Hands everything printed so far to the reader.
    pub(crate) fn flush(&self) -> Result<()> {
        check(self.out.borrow_mut().flush())
    }

    /// One line on standard error (one object with `--json`). Output printed before comes first.
    pub(crate) fn complain(&self, failure: &Failure) {
        self.say(|| failure.json(), || failure.line());
    }

    /// One line on standard error about something that is no failure.
    pub(crate) fn warn(&self, about: &[u8], what: &str) {
        let line = format!("{}: {}", escape(about), escape(what.as_bytes()));
        self.say(
            || serde_json::json!({ "warning": line }),
            || format!("warning: {line}"),
        );
    }

    fn say(&self, json: impl FnOnce() -> serde_json::Value, text: impl FnOnce() -> String) {
        // What cannot be written to is no place to say so.
        let _ = self.out.borrow_mut().flush();
        let line = match self.form {
            Form::Json => json().to_string(),
            Form::Text => {
                let program = colour::paint(self.colour_errors, colour::RED.bold(), "tarbox:");
                format!("{program} {}", text())
            }
        };
        let _ = writeln!(io::stderr(), "{line}");
    }
}

fn wanted(choice: ColourChoice, found: anstream::ColorChoice) -> bool {
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto => found != anstream::ColorChoice::Never,
    }
}

fn check(result: io::Result<()>) -> Result<()> {
    result.map_err(|e| Failure::host("standard output", &e))
}
