//! Answers as the types of the store.

use tarbox_protocol::{Answer, Wire};
use tarbox_store::*;

/// The server answered another question.
pub(crate) fn unexpected() -> Error {
    Error::new(ErrorKind::Io).because("the server gave an answer of another kind than was asked for")
}

macro_rules! answers {
    ($($name:ident: $pattern:pat => $value:expr, $type:ty;)*) => {
        $(pub(crate) fn $name(answer: Answer<'_>) -> Result<$type> {
            match answer {
                $pattern => Ok($value),
                _ => Err(unexpected()),
            }
        })*
    };
}

answers! {
    done: Answer::Done => (), ();
    attr: Answer::Attr(attr) => attr.0, Attr;
    attrs: Answer::Attrs(attrs) => bare(attrs), Vec<Attr>;
    entries: Answer::Entries(entries) => bare(entries), Vec<DirEntry>;
    names: Answer::Names(names) => bare(names), Vec<DirName>;
    ino: Answer::Ino(ino) => ino, Ino;
    bytes: Answer::Bytes(bytes) => bytes.into_vec(), Vec<u8>;
    list_of_bytes: Answer::ListOfBytes(list) => list.into_iter().map(|bytes| bytes.into_vec()).collect(), Vec<Vec<u8>>;
    written: Answer::Written(written) => written.0, Written;
    number: Answer::Number(number) => number, u64;
    yes: Answer::Yes(yes) => yes, bool;
    position: Answer::Position(position) => position.0, Position;
    layer: Answer::Layer(layer) => layer.0, LayerInfo;
    layers: Answer::Layers(layers) => bare(layers), Vec<LayerInfo>;
    changes: Answer::Changes(changes) => bare(changes), Vec<Change>;
    seq: Answer::Seq(seq) => seq, Seq;
    records: Answer::Records(records) => bare(records), Vec<LogRecord>;
    tenant: Answer::Tenant(tenant) => tenant.0, TenantInfo;
    free: Answer::Free(free) => free, Option<u64>;
    performance: Answer::Performance(performance) => performance.0, Performance;
    gc: Answer::Gc(report) => report.0, GcReport;
}

fn bare<T>(wires: Vec<Wire<T>>) -> Vec<T> {
    wires.into_iter().map(|wire| wire.0).collect()
}
