//! An interactive session: a line editor with history and completion around the engine.

use std::cell::RefCell;
use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};
use tarbox_quickjs::{Outcome, Vm};
use tarbox_store::ErrorKind;

use crate::failure::{Failure, Result};

/// Reads lines until the end of input, and runs each.
pub(super) fn run(vm: &mut Vm) -> Result<Outcome> {
    let failed = |error: ReadlineError| Failure::new(ErrorKind::Io, error.to_string());
    let config = Config::builder()
        .auto_add_history(true)
        .max_history_size(10_000)
        .map_err(failed)?
        .build();
    let mut editor: Editor<Session<'_>, DefaultHistory> = Editor::with_config(config).map_err(failed)?;
    let history = history();
    if let Some(path) = &history {
        let _ = editor.load_history(path);
    }
    println!("Tarbox {}. Ctrl-D ends the session.", env!("CARGO_PKG_VERSION"));
    editor.set_helper(Some(Session(RefCell::new(vm))));
    let mut text = String::new();
    let outcome = loop {
        match editor.readline(if text.is_empty() { "> " } else { "... " }) {
            Ok(line) => {
                text.push_str(&line);
                let Some(session) = editor.helper() else {
                    break Outcome::Ended(0);
                };
                match session.0.borrow_mut().line(&text) {
                    Ok(true) => text.clear(),
                    Ok(false) => text.push('\n'),
                    Err(outcome) => break outcome,
                }
            }
            Err(ReadlineError::Interrupted) if text.is_empty() => println!("(Ctrl-D ends the session)"),
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => break Outcome::Ended(0),
            Err(error) => return Err(failed(error)),
        }
    };
    if let Some(path) = &history {
        if let Some(dir) = path.parent() {
            let _ = std::fs::create_dir_all(dir);
        }
        let _ = editor.save_history(path);
    }
    Ok(outcome)
}

/// Where earlier sessions are remembered.
fn history() -> Option<PathBuf> {
    let of_user = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let at_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state"));
    Some(of_user.or_else(at_home)?.join("tarbox/js-history"))
}

/// What the line editor asks of the engine.
struct Session<'vm>(RefCell<&'vm mut Vm>);

impl Completer for Session<'_> {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.0.borrow_mut().complete(line.get(..at).unwrap_or_default()))
    }
}

impl Hinter for Session<'_> {
    type Hint = String;
}
impl Highlighter for Session<'_> {}
impl Validator for Session<'_> {}
impl Helper for Session<'_> {}
