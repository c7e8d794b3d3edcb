//! What one record of the log says: new terms, and the changes of one commit.

use crate::bytes::{Reader, put_slice, put_varint};

const ADD: u8 = 1;
const DELETE: u8 = 2;
const NODE: u8 = 3;
const EDGE: u8 = 4;
const TX: u8 = 5;
const TERMS: u8 = 6;
const FORGET: u8 = 7;

/// Changes, in the order of the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add(Vec<[u32; 3]>),
    Delete(Vec<[u32; 3]>),
    /// The encoded properties of a node; `None` removes them.
    Node(u32, Option<Vec<u8>>),
    /// The encoded properties of an edge; `None` removes them.
    Edge([u32; 3], Option<Vec<u8>>),
    /// Only so many of the newest transaction ids are to be remembered.
    ForgetTx(u64),
}

impl Op {
    /// How many changes it stands for.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Add(facts) | Self::Delete(facts) => facts.len(),
            _ => 1,
        }
    }
}

/// The transaction id of a commit, and what is recorded with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TxMark {
    pub(crate) id: Vec<u8>,
    pub(crate) session: Vec<u8>,
    pub(crate) time_ms: u64,
}

/// A decoded record.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) sequence: u64,
    /// The id of the first new term.
    pub(crate) first_term: u32,
    pub(crate) terms: Vec<&'a [u8]>,
    pub(crate) ops: Vec<Op>,
    pub(crate) tx: Option<TxMark>,
}

/// Appends the payload of a record.
pub(crate) fn encode<'a>(
    out: &mut Vec<u8>,
    sequence: u64,
    first_term: u32,
    terms: impl ExactSizeIterator<Item = &'a [u8]>,
    ops: &[Op],
    tx: Option<&TxMark>,
) {
    put_varint(out, sequence);
    if terms.len() > 0 {
        out.push(TERMS);
        put_varint(out, u64::from(first_term));
        put_varint(out, terms.len() as u64);
        terms.for_each(|term| put_slice(out, term));
    }
    if let Some(tx) = tx {
        out.push(TX);
        put_slice(out, &tx.id);
        put_slice(out, &tx.session);
        put_varint(out, tx.time_ms);
    }
    for op in ops {
        match op {
            Op::Add(facts) => put_facts(out, ADD, facts),
            Op::Delete(facts) => put_facts(out, DELETE, facts),
            Op::Node(id, properties) => {
                out.push(NODE);
                put_varint(out, u64::from(*id));
                put_optional(out, properties.as_deref());
            }
            Op::Edge(edge, properties) => {
                out.push(EDGE);
                put_words(out, edge);
                put_optional(out, properties.as_deref());
            }
            Op::ForgetTx(kept) => {
                out.push(FORGET);
                put_varint(out, *kept);
            }
        }
    }
}

fn put_facts(out: &mut Vec<u8>, tag: u8, facts: &[[u32; 3]]) {
    out.push(tag);
    put_varint(out, facts.len() as u64);
    put_words(out, facts.as_flattened());
}

fn put_words(out: &mut Vec<u8>, words: &[u32]) {
    let begin = out.len();
    out.resize(begin + size_of_val(words), 0);
    let (places, _) = out[begin..].as_chunks_mut::<4>();
    for (place, word) in places.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
}

fn put_optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            out.push(1);
            put_slice(out, bytes);
        }
        None => out.push(0),
    }
}

impl<'a> Entry<'a> {
    pub(crate) fn decode(payload: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let mut entry = Self {
            sequence: reader.varint()?,
            first_term: 0,
            terms: Vec::new(),
            ops: Vec::new(),
            tx: None,
        };
        while !reader.is_empty() {
            entry.section(&mut reader)?;
        }
        Some(entry)
    }

    fn section(&mut self, reader: &mut Reader<'a>) -> Option<()> {
        match reader.byte()? {
            tag @ (ADD | DELETE) => {
                let count = reader.len()?;
                if count > reader.remaining() / 12 {
                    return None;
                }
                let facts = (0..count).map(|_| key(reader)).collect::<Option<_>>()?;
                self.ops.push(if tag == ADD {
                    Op::Add(facts)
                } else {
                    Op::Delete(facts)
                });
            }
            NODE => {
                let id = reader.varint32()?;
                self.ops.push(Op::Node(id, optional(reader)?));
            }
            EDGE => {
                let edge = key(reader)?;
                self.ops.push(Op::Edge(edge, optional(reader)?));
            }
            TX => {
                self.tx = Some(TxMark {
                    id: reader.slice()?.to_vec(),
                    session: reader.slice()?.to_vec(),
                    time_ms: reader.varint()?,
                });
            }
            TERMS => {
                self.first_term = reader.varint32()?;
                for _ in 0..reader.varint()? {
                    self.terms.push(reader.slice()?);
                }
            }
            FORGET => self.ops.push(Op::ForgetTx(reader.varint()?)),
            _ => return None,
        }
        Some(())
    }
}

/// Three words, the third of which has 31 bits wherever it may stand in an index.
fn key(reader: &mut Reader<'_>) -> Option<[u32; 3]> {
    let key = [reader.u32()?, reader.u32()?, reader.u32()?];
    key.iter().all(|&word| word <= crate::MAX_TERM_ID).then_some(key)
}

fn optional(reader: &mut Reader<'_>) -> Option<Option<Vec<u8>>> {
    match reader.byte()? {
        0 => Some(None),
        1 => Some(Some(reader.slice()?.to_vec())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_in_the_order_of_the_calls() {
        let ops = vec![
            Op::Add(vec![[1, 2, 3], [4, 5, 6]]),
            Op::Delete(vec![[1, 2, 3]]),
            Op::Node(7, Some(b"props".to_vec())),
            Op::Node(7, None),
            Op::Edge([1, 2, 3], Some(Vec::new())),
            Op::Add(vec![[1, 2, 3]]),
            Op::ForgetTx(1_000),
        ];
        let tx = TxMark {
            id: b"tx-1".to_vec(),
            session: Vec::new(),
            time_ms: 12_345,
        };
        let mut out = Vec::new();
        let terms: [&[u8]; 2] = [b"alice", b""];
        encode(&mut out, 42, 10, terms.into_iter(), &ops, Some(&tx));
        let entry = Entry::decode(&out).unwrap();
        assert_eq!((entry.sequence, entry.first_term), (42, 10));
        assert_eq!(
            (entry.terms, entry.ops, entry.tx),
            (terms.to_vec(), ops, Some(tx))
        );
        for cut in 0..out.len() {
            // Nothing is asked of a cut entry but that it does not panic.
            drop(Entry::decode(&out[..cut]));
        }
    }
}
