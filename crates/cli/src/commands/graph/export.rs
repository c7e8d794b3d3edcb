//! `graph export`

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use nervusdb::{Pattern, Properties, Snapshot, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};
use tarbox_fs::FilesystemInterface;

use super::read::{Format, field};
use super::terms::statement;
use super::{failed, place};
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform::bytes_of;
use crate::workspace::Workspace;

/// The property of a fact that names its graphs: one, or a list in which null is the default graph. Without it, the fact is in that alone.
pub(super) const GRAPH: &str = "graph";

/// Write all facts of a graph to a file of the host, or to standard output
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox graph export /people people.nt",
    "tarbox graph export /people --format jsonl | jq .subject        with properties",
    "tarbox graph export /.tarbox/snapshots/before/people before.nq   as it was in the layer 'before'",
))]
pub(crate) struct Args {
    /// The graph, in the workspace
    #[arg(value_name = "PATH")]
    path: OsString,
    /// The new file on the host, or - for standard output
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    output: OsString,
    /// What to write [default: by the ending of FILE, else nt]
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    #[arg(help = "What to write: nt, nq, csv, tsv or jsonl [default: by the ending of FILE, else nt]")]
    format: Option<Format>,
}

pub(crate) fn run<F: FilesystemInterface + 'static>(
    args: &Args,
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
) -> Result<()> {
    let path = w.path(&args.path)?;
    let name = bytes_of(&args.output);
    let by_name = || if w.out.is_json() { None } else { Format::of(&name) };
    let format = args.format.or_else(by_name).unwrap_or(match w.out.is_json() {
        true => Format::Jsonl,
        false => Format::Nt,
    });
    let snapshot = place::open(fs, w, &path)?.snapshot();
    let in_graphs = match &*name {
        b"-" => write(&snapshot, format, &path, &mut |text| w.out.raw(text))?,
        _ => {
            let host = |e: io::Error| Failure::host(&*name, &e);
            let file = OpenOptions::new().write(true).create_new(true).open(&args.output);
            let mut file = BufWriter::with_capacity(1 << 20, file.map_err(host)?);
            let in_graphs = write(&snapshot, format, &path, &mut |text| {
                file.write_all(text).map_err(host)
            })?;
            file.flush().map_err(host)?;
            in_graphs
        }
    };
    if in_graphs > 0 {
        let what = format!(
            "{in_graphs} facts are in named graphs, which this format cannot express; use --format nq"
        );
        w.out.warn(&path, &what);
    }
    Ok(())
}

/// Writes every fact, and answers how many are in graphs that the format cannot express.
fn write(
    snapshot: &Snapshot,
    format: Format,
    path: &[u8],
    out: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let mut in_graphs = 0;
    match format {
        Format::Csv => out(b"subject,predicate,object\n")?,
        Format::Tsv => out(b"subject\tpredicate\tobject\n")?,
        _ => (),
    }
    let mut scan = snapshot.scan(Pattern::default()).map_err(|e| failed(&e, path))?;
    while let Some(ids) = scan.next_fact().map_err(|e| failed(&e, path))? {
        let fact = Record::of(snapshot, ids).map_err(|e| failed(&e, path))?;
        let words = fact.words.each_ref().map(String::as_str);
        let graphs = graphs_of(fact.edge.as_deref().unwrap_or_default());
        let mut line = String::new();
        match format {
            Format::Nq => {
                for graph in &graphs {
                    line += &statement(words, graph.as_deref());
                    line.push('\n');
                }
            }
            Format::Nt => line = statement(words, None) + "\n",
            Format::Csv => line = words.map(field).join(",") + "\n",
            Format::Tsv if words.iter().any(|word| word.contains(['\t', '\n', '\r'])) => {
                let message = "a fact has a tab or line end, which tsv cannot express; use csv or jsonl";
                return Err(Failure::new(tarbox_store::ErrorKind::Invalid, message).about(path));
            }
            Format::Tsv => line = words.join("\t") + "\n",
            Format::Jsonl => {
                line = serde_json::to_string(&fact)
                    .map_err(|e| Failure::new(tarbox_store::ErrorKind::Io, e.to_string()))?
                    + "\n";
            }
        }
        if !matches!(format, Format::Nq | Format::Jsonl) && graphs.iter().any(Option::is_some) {
            in_graphs += 1;
        }
        out(line.as_bytes())?;
    }
    Ok(in_graphs)
}

/// A fact in words, with its properties.
pub(super) struct Record {
    pub(super) words: [String; 3],
    pub(super) subject: Option<Properties>,
    pub(super) object: Option<Properties>,
    pub(super) edge: Option<Properties>,
}

impl Record {
    pub(super) fn of(snapshot: &Snapshot, ids: [u32; 3]) -> nervusdb::Result<Self> {
        let word = |id| snapshot.term(id).map(Option::unwrap_or_default);
        Ok(Self {
            words: [word(ids[0])?, word(ids[1])?, word(ids[2])?],
            subject: snapshot.node_properties(ids[0])?,
            object: snapshot.node_properties(ids[2])?,
            edge: snapshot.edge_properties(ids)?,
        })
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, word) in ["subject", "predicate", "object"].iter().zip(&self.words) {
            map.serialize_entry(name, word)?;
        }
        let sets = [
            ("subjectProperties", &self.subject),
            ("objectProperties", &self.object),
            ("edgeProperties", &self.edge),
        ];
        for (name, set) in sets {
            if let Some(set) = set {
                map.serialize_entry(name, &Set(set))?;
            }
        }
        map.end()
    }
}

struct Set<'a>(&'a [(String, Value)]);

impl Serialize for Set<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_key(name)?;
            match value {
                Value::Null => map.serialize_value(&())?,
                Value::Bool(value) => map.serialize_value(value)?,
                // As JavaScript writes it: whole numbers without a point.
                Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                    map.serialize_value(&(*number as i64))?;
                }
                Value::Number(number) => map.serialize_value(number)?,
                Value::Text(text) => map.serialize_value(text)?,
                Value::Json(text) => {
                    let raw = serde_json::value::RawValue::from_string(text.clone());
                    map.serialize_value(&raw.map_err(serde::ser::Error::custom)?)?;
                }
            }
        }
        map.end()
    }
}

/// The graphs of a fact, by its properties; `None` is the default graph.
pub(super) fn graphs_of(properties: &[(String, Value)]) -> Vec<Option<String>> {
    let value = properties
        .iter()
        .find(|(name, _)| name == GRAPH)
        .map(|(_, value)| value);
    let graphs = match value {
        Some(Value::Text(graph)) => vec![Some(graph.clone())],
        Some(Value::Json(text)) => {
            let list: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
            let name = |value: &serde_json::Value| match value {
                serde_json::Value::String(graph) => Some(Some(graph.clone())),
                serde_json::Value::Null => Some(None),
                _ => None,
            };
            list.iter().filter_map(name).collect()
        }
        _ => Vec::new(),
    };
    match graphs.is_empty() {
        true => vec![None],
        false => graphs,
    }
}
