//! What a property must be like.

use std::cmp::Ordering;
use std::ops::Bound;

use super::keys::{put_text_start, put_value};
use super::value::Value;
use crate::record::Pair;

/// Which values of a property match.
#[derive(Clone, Debug)]
pub enum PropertyFilter {
    /// Every value.
    Any,
    /// This value, of this type.
    Equals(Value),
    /// Values between the bounds in the order of [`Value::order`], and of the type of one of them. With no
    /// bounds, every value.
    Range {
        /// Where the range begins.
        min: Bound<Value>,
        /// Where it ends.
        max: Bound<Value>,
    },
    /// Strings that begin so.
    Prefix(String),
}

impl PropertyFilter {
    pub(crate) fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Equals(wanted) => value == wanted,
            Self::Prefix(prefix) => matches!(value, Value::Text(text) if text.starts_with(prefix.as_str())),
            Self::Range { min, max } => {
                let after = match min {
                    Bound::Unbounded => true,
                    Bound::Included(min) => value.order(min) != Ordering::Less,
                    Bound::Excluded(min) => value.order(min) == Ordering::Greater,
                };
                let before = match max {
                    Bound::Unbounded => true,
                    Bound::Included(max) => value.order(max) != Ordering::Greater,
                    Bound::Excluded(max) => value.order(max) == Ordering::Less,
                };
                after && before && self.has_type(value)
            }
        }
    }

    fn has_type(&self, value: &Value) -> bool {
        let Self::Range { min, max } = self else {
            return true;
        };
        let mut bounds = [inner(min), inner(max)].into_iter().flatten().peekable();
        bounds.peek().is_none() || bounds.any(|bound| bound.tag() == value.tag())
    }

    /// The keys below `prefix` that can match, both included.
    pub(crate) fn extent(&self, prefix: &[u8]) -> (Pair, Pair) {
        let (mut from, mut to) = (prefix.to_vec(), prefix.to_vec());
        match self {
            Self::Any => (),
            Self::Equals(value) => {
                put_start(&mut from, value);
                put_start(&mut to, value);
            }
            Self::Prefix(text) => {
                let text = Value::Text(text.clone());
                put_start(&mut from, &text);
                put_start(&mut to, &text);
            }
            Self::Range { min, max } => {
                match (inner(min), inner(max)) {
                    (Some(min), _) => put_start(&mut from, min),
                    (None, Some(max)) => from.push(max.tag()),
                    (None, None) => (),
                }
                match (inner(max), inner(min)) {
                    (Some(max), _) => put_start(&mut to, max),
                    (None, Some(min)) => to.push(min.tag()),
                    (None, None) => (),
                }
            }
        }
        // No byte of a key after its prefix makes it sort behind this many of the largest.
        to.extend_from_slice(&[0xFF; 16]);
        (Pair::probe(&from), Pair::probe(&to))
    }
}

fn inner(bound: &Bound<Value>) -> Option<&Value> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(value),
        Bound::Unbounded => None,
    }
}

/// What the keys of the value and of its continuations begin with.
fn put_start(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) | Value::Json(text) => {
            out.push(value.tag());
            put_text_start(out, text);
        }
        _ => put_value(out, value),
    }
}
