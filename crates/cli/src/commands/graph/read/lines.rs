//! An item a line.

use std::io::{BufRead, Read as _};

use super::{Item, Read};

/// The longest line, in bytes.
const LINE_MAX: u64 = 64 << 20;

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Lf,
    /// LF, CR or both.
    WithCr,
}

pub(super) fn read<E: From<std::io::Error>>(
    mut input: impl BufRead,
    ends: Ends,
    parse: &dyn Fn(&str) -> Result<Option<Item>, String>,
    each: &mut dyn FnMut(Read) -> Result<(), E>,
) -> Result<(), E> {
    let (mut number, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let read = input.by_ref().take(LINE_MAX + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if line.len() as u64 > LINE_MAX && !line.ends_with(b"\n") {
            number += 1;
            input.skip_until(b'\n')?;
            each((number, Err(format!("the line has more than {LINE_MAX} bytes"))))?;
            continue;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = match number {
            0 => text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text),
            _ => text,
        };
        match ends {
            Ends::Lf => one(&mut number, text, parse, each)?,
            Ends::WithCr => {
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                for text in text.split(|byte| *byte == b'\r') {
                    one(&mut number, text, parse, each)?;
                }
            }
        }
    }
}

fn one<E>(
    number: &mut u64,
    text: &[u8],
    parse: &dyn Fn(&str) -> Result<Option<Item>, String>,
    each: &mut dyn FnMut(Read) -> Result<(), E>,
) -> Result<(), E> {
    *number += 1;
    let item = std::str::from_utf8(text)
        .map_err(|_| "the line has bytes that are not UTF-8".to_owned())
        .and_then(parse);
    match item {
        Ok(None) => Ok(()),
        Ok(Some(item)) => each((*number, Ok(item))),
        Err(error) => each((*number, Err(error))),
    }
}
