//! Names are bytes; a terminal obeys some of them. What is printed for people is text that it cannot obey.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The bytes as one line of text without anything a terminal acts on.
///
/// Bytes that are not UTF-8 and control characters become `\x1b`, invisible marks that change the direction of text
/// become `\u{202e}`. Where anything is escaped, backslashes are doubled, so that the text is unambiguous.
pub(crate) fn escape(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(is_unsafe) => Cow::Borrowed(text),
        _ => Cow::Owned(escape_all(bytes)),
    }
}

fn escape_all(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push(&mut out, c);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        c if is_unsafe(c) && u32::from(c) < 0x80 => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if is_unsafe(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// C0, DEL and C1 controls, line separators, and marks that reorder text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        for name in ["a", "grün", "日本", "a b", r"back\slash"] {
            assert!(matches!(escape(name.as_bytes()), Cow::Borrowed(t) if t == name));
        }
    }

    #[test]
    fn nothing_a_terminal_obeys_gets_through() {
        assert_eq!(escape(b"\x1b[2J\\"), r"\x1b[2J\\");
        assert_eq!(escape(b"a\nb\xff"), r"a\nb\xff");
        assert_eq!(escape("\u{9b}1m\u{202e}".as_bytes()), r"\u{9b}1m\u{202e}");
    }
}
