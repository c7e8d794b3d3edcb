//! `audit`

use std::ffi::OsString;

use serde::Serialize;
use tarbox_fs::blocking;
use tarbox_store::{LogQuery, LogRecord, Operation, Store, Timestamp};

use crate::examples::examples;
use crate::failure::Result;
use crate::parse::{owner::user_id, time};
use crate::platform::{bytes_of, user_name};
use crate::print::{Align, PathText, Printer, Size, Table, colour, escape};

/// Show who did what, when, and with what result
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox audit                              the last 100 records",
    "tarbox audit --path /src --since 10m      what happened below /src in the last ten minutes",
    "tarbox audit --refused                    changes that were refused",
    "tarbox audit --agent run:tool.wasm --op write,create",
    "tarbox --json audit --all                 everything, oldest first, one object per line",
))]
pub(crate) struct Args {
    /// Only these operations, such as create, write, unlink, rename, checkpoint
    #[arg(long, value_name = "OPERATION", value_parser = parse_operation, value_delimiter = ',')]
    op: Vec<Operation>,
    /// Only this path and everything below it
    #[arg(long)]
    path: Option<OsString>,
    /// Only by this user
    #[arg(long, value_name = "USER", value_parser = user_id)]
    uid: Option<u32>,
    /// Only changes made through this, such as cli or run:tool.wasm; run finds all of run:…
    #[arg(long)]
    agent: Option<String>,
    /// Only since this time: 10m, yesterday, a date, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    /// Only before this time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<Timestamp>,
    /// Only in this layer: a name, tag or number
    #[arg(long)]
    layer: Option<String>,
    /// Only what was refused
    #[arg(long)]
    refused: bool,
    /// Show at most this many, the latest
    #[arg(long, value_name = "N", default_value_t = 100, conflicts_with = "all")]
    limit: usize,
    /// Show all of them
    #[arg(long)]
    all: bool,
}

fn parse_operation(word: &str) -> Result<Operation, String> {
    Operation::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Operation::ALL.iter().map(|op| op.word()).collect();
        format!("unknown operation '{word}'; known are {}", words.join(", "))
    })
}

/// A record as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    seq: u64,
    time: String,
    uid: u32,
    agent: &'a str,
    operation: Operation,
    ino: u64,
    #[serde(flatten)]
    path: PathText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    bytes: u64,
    layer: u64,
    /// 0, or the number of the error it was refused with.
    errno: i32,
}

/// Records fetched at once.
const PAGE: usize = 1000;

pub(crate) fn run<S: Store>(args: &Args, store: &S, out: &Printer) -> Result<()> {
    let mut query = query(args, store)?;
    let mut view = View::new(out);
    if args.all {
        loop {
            let page = blocking(store.log(&query))?;
            query.after = page.last().map(|record| record.seq).or(query.after);
            page.iter()
                .filter(|record| args.wants(record))
                .try_for_each(|record| view.add(record))?;
            if page.len() < PAGE {
                return view.end();
            }
        }
    }
    latest(args, store, query)?
        .iter()
        .rev()
        .try_for_each(|record| view.add(record))?;
    view.end()
}

/// The latest records that match, the newest first.
fn latest<S: Store>(args: &Args, store: &S, query: LogQuery) -> Result<Vec<LogRecord>> {
    let query = LogQuery {
        newest_first: true,
        limit: args.limit.max(1),
        ..query
    };
    if args.op.len() < 2 {
        return Ok(blocking(store.log(&query))?);
    }
    let mut found = Vec::new();
    for op in &args.op {
        let query = LogQuery {
            operation: Some(*op),
            ..query.clone()
        };
        found.extend(blocking(store.log(&query))?);
    }
    found.sort_unstable_by_key(|record| std::cmp::Reverse(record.seq));
    found.truncate(args.limit);
    Ok(found)
}

impl Args {
    fn wants(&self, record: &LogRecord) -> bool {
        self.op.is_empty() || self.op.contains(&record.operation)
    }
}

fn query<S: Store>(args: &Args, store: &S) -> Result<LogQuery> {
    let layer = args.layer.as_deref().map(|name| {
        blocking(store.find_layer(name))
            .map(|layer| layer.id)
            .map_err(|_| {
                crate::failure::Failure::from(tarbox_store::ErrorKind::NotFound)
                    .about(format!("layer {name}"))
            })
    });
    Ok(LogQuery {
        since: args.since,
        until: args.until,
        operation: if let [one] = args.op[..] { Some(one) } else { None },
        path: args.path.as_deref().map(|path| absolute(&bytes_of(path))),
        uid: args.uid,
        agent: args.agent.clone(),
        layer: layer.transpose()?,
        refused: args.refused,
        limit: PAGE,
        ..LogQuery::default()
    })
}

fn absolute(path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") {
        path.to_vec()
    } else {
        [b"/", path].concat()
    }
}

/// Prints records as they come, rows equally wide in runs.
struct View<'a> {
    out: &'a Printer,
    table: Table<'a>,
}

const ALIGN: [Align; 7] = [
    Align::Right,
    Align::Left,
    Align::Left,
    Align::Left,
    Align::Left,
    Align::Right,
    Align::Left,
];
const HEAD: [&str; 7] = ["SEQ", "TIME", "USER", "AGENT", "OPERATION", "LAYER", "PATH"];

impl<'a> View<'a> {
    fn new(out: &'a Printer) -> Self {
        Self {
            out,
            table: Table::with_head(out, &ALIGN, &HEAD),
        }
    }

    fn add(&mut self, record: &LogRecord) -> Result<()> {
        if self.out.is_json() {
            return self.out.record(&shown(record));
        }
        let user = user_name(record.uid).unwrap_or_else(|| record.uid.to_string());
        let style = if record.errno == 0 {
            colour::PLAIN
        } else {
            colour::RED
        };
        self.table
            .cell(colour::DIM, &record.seq.to_string())
            .plain(&time::seconds(record.time))
            .plain(&user)
            .plain(&escape(record.agent.as_bytes()))
            .cell(style, record.operation.word())
            .plain(&record.layer.to_string())
            .cell(style, &place(record))
            .end_row();
        if self.table.len() >= PAGE {
            self.table.print()
        } else {
            Ok(())
        }
    }

    fn end(mut self) -> Result<()> {
        if self.out.is_json() {
            Ok(())
        } else {
            self.table.print()
        }
    }
}

/// The path, with what belongs to it: where it came from, how much was written, why it was refused.
fn place(record: &LogRecord) -> String {
    let mut text = match &record.from {
        Some(from) => format!("{} -> {}", escape(from), escape(&record.path)),
        None => escape(&record.path).into_owned(),
    };
    if record.bytes > 0 {
        text.push_str(&format!("  {}", Size(record.bytes)));
    }
    if record.errno != 0 {
        text.push_str(&format!("  refused: {}", error_text(record.errno)));
    }
    text
}

fn error_text(errno: i32) -> String {
    use tarbox_store::ErrorKind::*;
    [
        Access,
        NotPermitted,
        ReadOnly,
        QuotaExceeded,
        NoSpace,
        Suspended,
        Busy,
        Exists,
        NotFound,
    ]
    .into_iter()
    .find(|kind| kind.errno() == errno)
    .map_or_else(|| format!("error {errno}"), |kind| kind.text().to_owned())
}

fn shown(record: &LogRecord) -> Shown<'_> {
    Shown {
        seq: record.seq.0,
        time: time::rfc3339(record.time),
        uid: record.uid,
        agent: &record.agent,
        operation: record.operation,
        ino: record.ino.0,
        path: PathText::new(&record.path),
        from: record
            .from
            .as_deref()
            .map(|from| String::from_utf8_lossy(from).into_owned()),
        bytes: record.bytes,
        layer: record.layer.0,
        errno: record.errno,
    }
}
