//! `graph import`

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use nervusdb::{Batch, Durability, Graph, Properties, Value};
use serde::Serialize;
use tarbox_fs::FilesystemInterface;
use tarbox_store::ErrorKind;

use super::place::{Writer, open_or_create};
use super::read::{Columns, Fact, Format, Item, read};
use super::{export::graphs_of, failed};
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform::bytes_of;
use crate::print::{escape, grouped};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Facts that are committed at once.
const BATCH: usize = 10_000;

/// Load facts from a file of the host into a graph, which is made if it is missing
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox graph import /people people.nt                      N-Triples, N-Quads, CSV, TSV or JSON lines",
    "tarbox graph import /links links.csv --columns from,type,to",
    "zcat dump.nq.gz | tarbox graph import /facts - --format nq --skip-bad",
    "tarbox cat /import/people.jsonl | tarbox graph import /people - --format jsonl",
))]
pub(crate) struct Args {
    /// The graph, in the workspace
    #[arg(value_name = "PATH")]
    path: OsString,
    /// The file on the host, or - for standard input
    #[arg(value_name = "FILE")]
    input: OsString,
    /// What the input is [default: by the ending of its name]
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    #[arg(help = "What the input is: nt, nq, csv, tsv or jsonl [default: by the ending of its name]")]
    format: Option<Format>,
    /// The columns of subject, predicate and object: names of the first record, or numbers if there is none
    #[arg(long, value_name = "S,P,O", default_value = "subject,predicate,object", value_parser = columns)]
    columns: Columns,
    /// What separates the columns [default: a comma; of tsv, a tab]
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Report lines that cannot be read and go on, instead of ending at the first
    #[arg(long)]
    skip_bad: bool,
}

fn columns(text: &str) -> Result<Columns, String> {
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    if names.iter().any(|name| name == "0") {
        return Err("columns are counted from 1".to_owned());
    }
    let names = names
        .try_into()
        .map_err(|_| "name three columns, such as from,type,to or 1,2,3".to_owned())?;
    Ok(Columns {
        names,
        delimiter: None,
    })
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ => Err("it must be one ASCII character, and not a quote or line end".to_owned()),
    }
}

#[derive(Serialize)]
struct Report {
    facts: u64,
    nodes: u64,
    bad_lines: u64,
}

/// Why reading ends early.
enum Stop {
    Input(io::Error),
    Failure(Failure),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Input(error)
    }
}

pub(crate) fn run<F: FilesystemInterface + 'static>(
    args: &Args,
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
) -> Result<()> {
    let path = w.path(&args.path)?;
    let name = bytes_of(&args.input);
    let format = args.format.or_else(|| Format::of(&name)).ok_or_else(|| {
        let name = escape(&name).into_owned();
        Failure::usage(format!(
            "unknown format of '{name}'; pass --format nt, nq, csv, tsv or jsonl"
        ))
    })?;
    let progress = w.progress("import");
    let input: Box<dyn Read> = match &*name {
        b"-" => Box::new(io::stdin().lock()),
        _ => Box::new(File::open(&args.input).map_err(|e| Failure::host(&*name, &e))?),
    };
    let input = BufReader::with_capacity(1 << 20, Counted(input, &progress));
    let place = open_or_create(fs, w, &path)?;
    let mut loader = Loader::new(&place, &path, &progress);
    let columns = Columns {
        delimiter: args.delimiter,
        ..args.columns.clone()
    };
    let mut bad_lines = 0;
    let ended = read(input, format, &columns, &mut |(line, item)| match item {
        Ok(item) => loader.add(item).map_err(Stop::Failure),
        Err(what) => {
            let at = format!("{}:{line}: {what}", of_input(&name));
            if !args.skip_bad {
                let message = format!("{at}; fix the line, or pass --skip-bad to skip such lines");
                return Err(Stop::Failure(Failure::new(ErrorKind::Invalid, message)));
            }
            bad_lines += 1;
            w.out
                .warn(of_input(&name).as_bytes(), &format!("line {line}: {what}"));
            Ok(())
        }
    });
    // What came before a line that ends it stays.
    let kept = loader.finish();
    progress.finish();
    match ended {
        Err(Stop::Input(e)) if e.kind() == io::ErrorKind::InvalidInput => {
            return Err(Failure::new(
                ErrorKind::Invalid,
                format!("{}: {e}", of_input(&name)),
            ));
        }
        Err(Stop::Input(e)) => return Err(Failure::host(of_input(&name), &e)),
        Err(Stop::Failure(failure)) => return Err(failure),
        Ok(()) => (),
    }
    let (facts, nodes) = kept?;
    let report = Report {
        facts,
        nodes,
        bad_lines,
    };
    if w.out.is_json() {
        return w.out.document(&report);
    }
    let skipped = match bad_lines {
        0 => String::new(),
        n => format!("; {} bad lines skipped", grouped(n)),
    };
    w.out
        .line(format!("imported {}{skipped}", progress.summary("facts")))
}

fn of_input(name: &[u8]) -> String {
    match name {
        b"-" => "standard input".to_owned(),
        name => escape(name).into_owned(),
    }
}

/// Counts the bytes that are read.
struct Counted<'p, R>(R, &'p Progress);

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buf)?;
        self.1.add_bytes(read as u64);
        Ok(read)
    }
}

/// Gathers facts and commits them by the ten thousand.
struct Loader<'a> {
    graph: &'a Graph,
    path: &'a [u8],
    progress: &'a Progress,
    gathered: Vec<Fact>,
    facts: u64,
    nodes: u64,
}

impl<'a> Loader<'a> {
    fn new<F: FilesystemInterface>(place: &'a Writer<F>, path: &'a [u8], progress: &'a Progress) -> Self {
        Self {
            graph: &place.graph,
            path,
            progress,
            gathered: Vec::new(),
            facts: 0,
            nodes: 0,
        }
    }

    fn add(&mut self, item: Item) -> Result<()> {
        match item {
            Item::Fact(fact) => {
                self.gathered.push(*fact);
                match self.gathered.len() < BATCH {
                    true => Ok(()),
                    false => self.commit(),
                }
            }
            Item::Node(node, properties) => {
                // Later lines win over earlier ones.
                self.commit()?;
                self.nodes += 1;
                let set = self.graph.intern(&node).and_then(|id| {
                    let mut batch = Batch::new();
                    batch.set_node(id, &properties);
                    self.graph.commit(&batch, Durability::Gathered)
                });
                set.map(drop).map_err(|error| failed(&error, self.path))
            }
        }
    }

    fn commit(&mut self) -> Result<()> {
        let facts = std::mem::take(&mut self.gathered);
        add_all(self.graph, &facts).map_err(|error| failed(&error, self.path))?;
        self.facts += facts.len() as u64;
        self.progress.add(facts.len() as u64);
        Ok(())
    }

    /// Makes everything durable, and answers how many facts and nodes there were.
    fn finish(mut self) -> Result<(u64, u64)> {
        self.commit()?;
        self.graph.flush().map_err(|error| failed(&error, self.path))?;
        Ok((self.facts, self.nodes))
    }
}

/// Adds facts, all or none.
fn add_all(graph: &Graph, facts: &[Fact]) -> nervusdb::Result<()> {
    if facts.is_empty() {
        return Ok(());
    }
    let words: Vec<&str> = facts
        .iter()
        .flat_map(|fact| fact.words.iter().map(String::as_str))
        .collect();
    let ids = graph.intern_all(&words)?;
    let mut batch = Batch::new();
    batch.add_packed(&ids);
    // Without any properties every fact is in the default graph.
    let is_plain = graph.has_no_data() && facts.iter().all(|fact| fact.graph.is_none());
    let mut stated: Vec<(&Fact, [u32; 3])> = Vec::new();
    for (fact, ids) in facts.iter().zip(ids.chunks_exact(3)) {
        let edge = [ids[0], ids[1], ids[2]];
        let has_own = fact.subject.is_some() || fact.object.is_some() || fact.edge.is_some();
        if let Some(properties) = &fact.subject {
            batch.set_node(edge[0], properties);
        }
        if let Some(properties) = &fact.object {
            batch.set_node(edge[2], properties);
        }
        if let Some(properties) = &fact.edge {
            batch.set_edge(edge, properties);
        }
        if !is_plain && !has_own {
            stated.push((fact, edge));
        }
    }
    set_graphs(graph, &mut batch, stated)?;
    graph.commit(&batch, Durability::Gathered).map(drop)
}

/// Notes the graphs of facts among their properties; a fact that is there already keeps those it has.
fn set_graphs(graph: &Graph, batch: &mut Batch, mut stated: Vec<(&Fact, [u32; 3])>) -> nervusdb::Result<()> {
    stated.sort_by_key(|(_, edge)| *edge);
    for same in stated.chunk_by(|(_, a), (_, b)| a == b) {
        let edge = same[0].1;
        let before = graph.edge_properties(edge)?.unwrap_or_default();
        // Of a fact that was deleted, the properties have stayed.
        let known = match graph.contains(edge)? {
            true => graphs_of(&before),
            false => Vec::new(),
        };
        let mut wanted = known.clone();
        for (fact, _) in same {
            if !wanted.contains(&fact.graph) {
                wanted.push(fact.graph.clone());
            }
        }
        let has_property = before.iter().any(|(name, _)| name == super::export::GRAPH);
        let is_plain = known.is_empty() && wanted == [None] && !has_property;
        if wanted.len() != known.len() && !is_plain {
            batch.set_edge(edge, &with_graphs(before, &wanted));
        }
    }
    Ok(())
}

fn with_graphs(mut properties: Properties, graphs: &[Option<String>]) -> Properties {
    properties.retain(|(name, _)| name != super::export::GRAPH);
    let value = match graphs {
        [None] => return properties,
        [Some(graph)] => Value::Text(graph.clone()),
        several => Value::Json(serde_json::json!(several).to_string()),
    };
    properties.push((super::export::GRAPH.to_owned(), value));
    properties
}
