//! The keys of properties, of their index, and of transaction ids.

use super::value::{Value, number_key, number_of};
use crate::hash::hash;
use crate::record::Pair;

const NODE: u8 = 1;
const EDGE: u8 = 2;
const NODE_INDEX: u8 = 3;
const EDGE_INDEX: u8 = 4;
const TX: u8 = 5;
const TX_ORDER: u8 = 6;

/// So many bytes of a name or a string are in an index key; of longer ones a lookup reads the properties.
const TEXT_LIMIT: usize = 128;
const END: [u8; 2] = [0, 0];
const CUT: [u8; 2] = [0, 1];
/// What a zero byte within a text is followed by.
const ZERO: u8 = 0xFF;

/// Whose properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A node, by its id.
    Node(u32),
    /// An edge: subject, predicate, object.
    Edge([u32; 3]),
}

impl Owner {
    /// The key of the properties.
    pub(crate) fn key(self) -> Vec<u8> {
        let mut key = vec![match self {
            Self::Node(_) => NODE,
            Self::Edge(_) => EDGE,
        }];
        self.put(&mut key);
        key
    }

    /// The owner of such a key.
    pub(crate) fn of_key(key: &[u8]) -> Option<Self> {
        let (&tag, rest) = key.split_first()?;
        let mut ids = rest
            .chunks_exact(4)
            .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
        match (tag, rest.len()) {
            (NODE, 4) => Some(Self::Node(ids.next()?)),
            (EDGE, 12) => Some(Self::Edge([ids.next()?, ids.next()?, ids.next()?])),
            _ => None,
        }
    }

    fn put(self, out: &mut Vec<u8>) {
        match self {
            Self::Node(id) => out.extend_from_slice(&id.to_be_bytes()),
            Self::Edge(edge) => edge
                .iter()
                .for_each(|word| out.extend_from_slice(&word.to_be_bytes())),
        }
    }

    /// The key under which a property is found.
    pub(crate) fn index_key(self, name: &str, value: &Value) -> Vec<u8> {
        let mut key = index_prefix(matches!(self, Self::Edge(_)), name);
        put_value(&mut key, value);
        self.put(&mut key);
        key
    }
}

/// What all index keys begin with.
pub(crate) const fn index_tag(of_edges: bool) -> u8 {
    if of_edges { EDGE_INDEX } else { NODE_INDEX }
}

/// Where the key form of a name ends in what follows the tag, and whether it holds only the name's beginning.
pub(crate) fn name_end(key: &[u8]) -> Option<(usize, bool)> {
    let mut at = 0;
    while let [byte, next, ..] = key.get(at..)? {
        match (byte, next) {
            (0, &ZERO) => at += 2,
            (0, _) => return Some((at + 2, [0, *next] == CUT)),
            _ => at += 1,
        }
    }
    None
}

/// What all index keys of a name begin with.
pub(crate) fn index_prefix(of_edges: bool, name: &str) -> Vec<u8> {
    let mut key = vec![index_tag(of_edges)];
    put_text(&mut key, name);
    key
}

/// Appends the key form of a value, which sorts as the values do (as far as long ones go).
pub(crate) fn put_value(out: &mut Vec<u8>, value: &Value) {
    out.push(value.tag());
    match value {
        Value::Null => (),
        Value::Bool(value) => out.push(u8::from(*value)),
        Value::Number(number) => out.extend_from_slice(&number_key(*number)),
        Value::Text(text) | Value::Json(text) => put_text(out, text),
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let kept = put_text_start(out, text);
    out.extend_from_slice(if kept < text.len() { &CUT } else { &END });
}

/// Appends as much of a text as a key holds, without its end, and says how much that is.
pub(crate) fn put_text_start(out: &mut Vec<u8>, text: &str) -> usize {
    let kept = &text.as_bytes()[..text.len().min(TEXT_LIMIT)];
    for &byte in kept {
        out.push(byte);
        if byte == 0 {
            out.push(ZERO);
        }
    }
    kept.len()
}

/// Whether a key of the data belongs to the index of properties.
pub(crate) fn is_index_key(key: &[u8]) -> bool {
    matches!(key.first(), Some(&(NODE_INDEX | EDGE_INDEX)))
}

/// What an index key says after its name.
#[derive(Debug)]
pub(crate) struct IndexKey {
    pub(crate) owner: Owner,
    /// The value, unless the key holds only its beginning.
    pub(crate) value: Option<Value>,
}

/// Reads the rest of an index key, after its prefix.
pub(crate) fn parse_index(of_edges: bool, rest: &[u8]) -> Option<IndexKey> {
    let words = if of_edges { 3 } else { 1 };
    let (value, owner) = rest.split_at_checked(rest.len().checked_sub(words * 4)?)?;
    let mut ids = owner
        .chunks_exact(4)
        .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
    let owner = match of_edges {
        true => Owner::Edge([ids.next()?, ids.next()?, ids.next()?]),
        false => Owner::Node(ids.next()?),
    };
    let (&tag, bytes) = value.split_first()?;
    let value = match tag {
        0 => Some(Value::Null),
        1 => Some(Value::Bool(*bytes.first()? != 0)),
        2 => Some(Value::Number(number_of(bytes.try_into().ok()?))),
        3 => text(bytes)?.map(Value::Text),
        4 => text(bytes)?.map(Value::Json),
        _ => return None,
    };
    Some(IndexKey { owner, value })
}

/// The text of its key form; the inner `None` if it was cut.
fn text(bytes: &[u8]) -> Option<Option<String>> {
    let (escaped, end) = bytes.split_at_checked(bytes.len().checked_sub(2)?)?;
    if end == CUT {
        return Some(None);
    }
    plain_text(escaped).map(Some)
}

/// The text of its key form without the end.
pub(crate) fn plain_text(escaped: &[u8]) -> Option<String> {
    let mut plain = Vec::with_capacity(escaped.len());
    let mut rest = escaped.iter();
    while let Some(&byte) = rest.next() {
        plain.push(byte);
        if byte == 0 {
            rest.next();
        }
    }
    String::from_utf8(plain).ok()
}

/// The key of a transaction id. Long ones are told apart by length and two hashes.
pub(crate) fn tx_key(id: &[u8]) -> Vec<u8> {
    let kept = &id[..id.len().min(2 * TEXT_LIMIT)];
    let mut key = vec![TX];
    key.extend_from_slice(kept);
    if kept.len() < id.len() {
        key.extend_from_slice(&(id.len() as u64).to_be_bytes());
        key.extend_from_slice(&hash(id, 1).to_be_bytes());
        key.extend_from_slice(&hash(id, 2).to_be_bytes());
    }
    key
}

/// The key that keeps a transaction id in the order of the commits.
pub(crate) fn tx_order_key(sequence: u64) -> Vec<u8> {
    let mut key = vec![TX_ORDER];
    key.extend_from_slice(&sequence.to_be_bytes());
    key
}

/// The first and last key of that order.
pub(crate) fn tx_orders() -> (Pair, Pair) {
    let probe = |sequence| Pair::probe(&tx_order_key(sequence));
    (probe(0), probe(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(owner: Owner, value: &Value) -> IndexKey {
        let of_edges = matches!(owner, Owner::Edge(_));
        let key = owner.index_key("na\0me", value);
        let prefix = index_prefix(of_edges, "na\0me");
        parse_index(of_edges, key.strip_prefix(&prefix[..]).unwrap()).unwrap()
    }

    #[test]
    fn keys_give_back_owner_and_value() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Number(-1.5),
            Value::from(""),
            Value::from("a\0b"),
            Value::Json("{}".into()),
        ];
        for owner in [Owner::Node(7), Owner::Edge([1, 0, 3])] {
            for value in &values {
                let key = round_trip(owner, value);
                assert_eq!((key.owner, key.value.as_ref()), (owner, Some(value)));
            }
            assert_eq!(round_trip(owner, &Value::Text("x".repeat(200))).value, None);
        }
    }

    #[test]
    fn keys_sort_as_values() {
        let values = ["", "\0", "\0a", "a", "a\0", "aa", "b"].map(Value::from);
        let keys = values.map(|value| Owner::Node(9).index_key("n", &value));
        assert!(keys.is_sorted());
    }
}
