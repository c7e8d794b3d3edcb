//! How terms of RDF are kept: an IRI as its text, a blank node as `_:name`, a literal with its quotes and its escapes
//! resolved. So no two different terms become one string. Strings that are no terms have an IRI of their own for RDF.
//!
//! The npm package `nervusdb` keeps them in the same way.

use std::fmt::Write as _;

const OTHER: &str = "urn:nervusdb:";

/// Where a term stands: predicates are IRIs alone, and only objects can be literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Node,
    Predicate,
    Object,
}

/// An absolute IRI without characters that IRIs cannot have.
pub(super) fn is_iri(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'));
    let is_forbidden =
        |c: char| c <= ' ' || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '^' | '`' | '\\');
    is_scheme && !text.contains(is_forbidden)
}

/// The parts of a string that is a literal: its value, and what follows the quotes.
pub(super) fn literal_of(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let (value, suffix) = inner.rsplit_once('"')?;
    let is_suffix = match suffix.as_bytes() {
        [] => true,
        [b'@', ..] => is_language(&suffix[1..]),
        _ => suffix
            .strip_prefix("^^<")
            .and_then(|rest| rest.strip_suffix('>'))
            .is_some_and(is_iri),
    };
    is_suffix.then_some((value, suffix))
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_first = parts
        .next()
        .is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic()));
    is_first && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn is_blank(text: &str) -> bool {
    text.strip_prefix("_:")
        .is_some_and(|name| oxrdf::BlankNode::new(name).is_ok())
}

/// An IRI or a blank node for any string, as a line of RDF has it.
pub(super) fn node_of(text: &str, place: Place) -> String {
    if place != Place::Predicate && is_blank(text) {
        return text.to_owned();
    }
    match is_iri(text) && from_iri(text, place) == text {
        true => format!("<{text}>"),
        false => format!("<{OTHER}{}>", encode(text)),
    }
}

/// The string that an IRI stands for: itself, unless [`node_of`] gives that IRI for another.
pub(super) fn from_iri(iri: &str, place: Place) -> String {
    let own = || iri.to_owned();
    let Some(encoded) = iri.strip_prefix(OTHER) else {
        return own();
    };
    let Some(text) = decode(encoded) else {
        return own();
    };
    let is_ours = encode(&text) == encoded && !(place == Place::Object && literal_of(&text).is_some());
    match is_ours && node_of(&text, place) == format!("<{iri}>") {
        true => text,
        false => own(),
    }
}

/// As `encodeURIComponent` of JavaScript.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'!'
            | b'~'
            | b'*'
            | b'\''
            | b'('
            | b')' => {
                out.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A line of N-Triples or N-Quads, without its end, in the canonical form.
pub(super) fn statement(fact: [&str; 3], graph: Option<&str>) -> String {
    let [subject, predicate, object] = fact;
    let mut line = node_of(subject, Place::Node) + " " + &node_of(predicate, Place::Predicate) + " ";
    match literal_of(object) {
        Some((value, suffix)) => {
            line.push('"');
            escape(value, &mut line);
            line.push('"');
            line.push_str(suffix);
        }
        None => line.push_str(&node_of(object, Place::Object)),
    }
    if let Some(graph) = graph {
        line.push(' ');
        line.push_str(&node_of(graph, Place::Node));
    }
    line.push_str(" .");
    line
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => drop(write!(out, "\\u{:04X}", c as u32)),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_string_has_a_term_and_comes_back() {
        for (text, place) in [
            ("http://a/b", Place::Node),
            ("alice", Place::Node),
            ("knows well", Place::Predicate),
            ("_:b1", Place::Node),
            ("_:b1", Place::Predicate),
            ("urn:nervusdb:x", Place::Object),
            ("", Place::Object),
            ("ünï", Place::Object),
        ] {
            let term = node_of(text, place);
            let back = match term.strip_prefix('<').and_then(|term| term.strip_suffix('>')) {
                Some(iri) => from_iri(iri, place),
                None => term.clone(),
            };
            assert_eq!(back, text, "{term}");
        }
    }

    #[test]
    fn lines_are_canonical() {
        let fact = ["http://a", "knows", "\"a \"b\"\n\"@en"];
        assert_eq!(
            statement(fact, Some("_:g")),
            "<http://a> <urn:nervusdb:knows> \"a \\\"b\\\"\\n\"@en _:g ."
        );
    }
}
