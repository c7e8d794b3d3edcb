//! Facts from text: N-Triples, N-Quads, CSV, TSV and JSON lines.

mod csv;
mod json;
mod lines;
mod rdf;

use std::io::BufRead;

use nervusdb::Properties;

pub(super) use csv::{Columns, field};

/// One thing to load.
#[derive(Debug, Default, PartialEq)]
pub(in crate::commands::graph) struct Fact {
    pub(in crate::commands::graph) words: [String; 3],
    /// The graph of a quad.
    pub(in crate::commands::graph) graph: Option<String>,
    pub(in crate::commands::graph) subject: Option<Properties>,
    pub(in crate::commands::graph) object: Option<Properties>,
    pub(in crate::commands::graph) edge: Option<Properties>,
}

#[derive(Debug, PartialEq)]
pub(in crate::commands::graph) enum Item {
    Fact(Box<Fact>),
    Node(String, Properties),
}

/// What the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::commands::graph) enum Format {
    /// N-Triples
    Nt,
    /// N-Quads
    Nq,
    /// Comma-separated values
    Csv,
    /// Tab-separated values
    Tsv,
    /// One JSON object per line
    Jsonl,
}

impl Format {
    /// The format of a file of this name.
    pub(in crate::commands::graph) fn of(name: &[u8]) -> Option<Self> {
        let dot = name.iter().rposition(|byte| *byte == b'.')?;
        match name[dot + 1..].to_ascii_lowercase().as_slice() {
            b"nt" => Some(Self::Nt),
            b"nq" => Some(Self::Nq),
            b"csv" => Some(Self::Csv),
            b"tsv" => Some(Self::Tsv),
            b"jsonl" | b"ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// What comes of reading: an item or what is wrong, each with the number of its line.
pub(in crate::commands::graph) type Read = (u64, Result<Item, String>);

/// Reads all items of a text.
///
/// # Errors
/// Those of the input, and those of `each`.
pub(in crate::commands::graph) fn read<E: From<std::io::Error>>(
    input: impl BufRead,
    format: Format,
    columns: &Columns,
    each: &mut dyn FnMut(Read) -> Result<(), E>,
) -> Result<(), E> {
    match format {
        // Lines of RDF may end with CR alone.
        Format::Nt => lines::read(input, lines::Ends::WithCr, &rdf::triple, each),
        Format::Nq => lines::read(input, lines::Ends::WithCr, &rdf::quad, each),
        // To JSON, CR is space.
        Format::Jsonl => lines::read(input, lines::Ends::Lf, &json::item, each),
        Format::Csv | Format::Tsv => csv::read(input, format == Format::Tsv, columns, each),
    }
}
