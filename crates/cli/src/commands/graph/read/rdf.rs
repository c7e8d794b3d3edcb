//! Lines of N-Triples and N-Quads.

use oxrdf::{GraphName, Literal, NamedOrBlankNode, Quad, Term};
use oxttl::{NQuadsParser, NTriplesParser};

use super::super::terms::{Place, from_iri};
use super::{Fact, Item};

pub(super) fn triple(line: &str) -> Result<Option<Item>, String> {
    let mut parser = NTriplesParser::new().for_slice(line);
    match parser.next() {
        None => Ok(None),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(triple)) => only(
            line,
            parser.next().is_none(),
            triple.in_graph(GraphName::DefaultGraph),
        ),
    }
}

pub(super) fn quad(line: &str) -> Result<Option<Item>, String> {
    let mut parser = NQuadsParser::new().for_slice(line);
    match parser.next() {
        None => Ok(None),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(quad)) => only(line, parser.next().is_none(), quad),
    }
}

fn only(line: &str, is_only: bool, quad: Quad) -> Result<Option<Item>, String> {
    if !is_only {
        return Err("something follows the statement; each has a line of its own".to_owned());
    }
    let object = match quad.object {
        Term::NamedNode(iri) => from_iri(iri.as_str(), Place::Object),
        Term::BlankNode(blank) => blank.to_string(),
        Term::Literal(literal) => text(line, &literal),
        #[allow(unreachable_patterns)]
        _ => return Err("quoted triples are not supported".to_owned()),
    };
    let graph = match quad.graph_name {
        GraphName::DefaultGraph => None,
        GraphName::NamedNode(iri) => Some(from_iri(iri.as_str(), Place::Node)),
        GraphName::BlankNode(blank) => Some(blank.to_string()),
    };
    let words = [
        node(&quad.subject),
        from_iri(quad.predicate.as_str(), Place::Predicate),
        object,
    ];
    Ok(Some(Item::Fact(Box::new(Fact {
        words,
        graph,
        ..Fact::default()
    }))))
}

fn node(node: &NamedOrBlankNode) -> String {
    match node {
        NamedOrBlankNode::NamedNode(iri) => from_iri(iri.as_str(), Place::Node),
        NamedOrBlankNode::BlankNode(blank) => blank.to_string(),
    }
}

/// A language keeps the case it is written in, as all other text does; the parser changes it.
fn text(line: &str, literal: &Literal) -> String {
    let value = literal.value();
    match literal.language() {
        Some(language) => {
            let written = language_of(line).filter(|written| written.eq_ignore_ascii_case(language));
            format!("\"{value}\"@{}", written.unwrap_or(language))
        }
        // A literal of this type is the same as one without.
        None if literal.datatype() == oxrdf::vocab::xsd::STRING => format!("\"{value}\""),
        None => format!("\"{value}\"^^<{}>", literal.datatype().as_str()),
    }
}

/// What follows the literal of a line that is right: nothing before that can hold a quote.
fn language_of(line: &str) -> Option<&str> {
    let (_, inner) = line.split_once('"')?;
    let mut escaped = false;
    let end = inner.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let tag = inner[end + 1..].strip_prefix('@')?;
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    Some(&tag[..end.unwrap_or(tag.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> [String; 3] {
        match quad(line) {
            Ok(Some(Item::Fact(fact))) => fact.words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn terms_are_kept_as_the_package_keeps_them() {
        assert_eq!(
            words(r#"<http://a> <urn:nervusdb:knows%20well> "x\n\u00e9\"y"@en-GB <http://g> . # why"#),
            ["http://a", "knows well", "\"x\n\u{e9}\"y\"@en-GB"]
        );
        let typed = r#"_:b <http://p> "1"^^<http://www.w3.org/2001/XMLSchema#string> ."#;
        assert_eq!(words(typed), ["_:b", "http://p", "\"1\""]);
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        assert_eq!(triple("  # nothing").unwrap(), None);
        for line in [
            "<a> <b> <c> .",
            "<http://a> <http://b> .",
            "<http://a> <http://b> \"x .",
            "x",
        ] {
            assert!(triple(line).is_err(), "{line}");
        }
        assert!(triple("<http://a> <http://b> <http://c> <http://g> .").is_err());
        assert!(triple("<http://a> <http://b> <http://c> . <http://a> <http://b> <http://d> .").is_err());
    }
}
