//! Property values, and how a set of them is stored.

use std::cmp::Ordering;

use crate::bytes::{Reader, put_slice, put_varint};

/// One property value.
#[derive(Clone, Debug)]
pub enum Value {
    /// JSON's null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number. −0 equals 0, and all NaN are one value above all numbers.
    Number(f64),
    /// A string.
    Text(String),
    /// An array or object, as JSON text; compared by that text.
    Json(String),
}

/// The properties of a node or an edge by name, in the order they were given.
pub type Properties = Vec<(String, Value)>;

impl Value {
    /// Its type, as stored.
    pub(crate) const fn tag(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
            Self::Json(_) => 4,
        }
    }

    /// Appends the stored form.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        match self {
            Self::Null => (),
            Self::Bool(value) => out.push(u8::from(*value)),
            Self::Number(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Text(text) | Self::Json(text) => put_slice(out, text.as_bytes()),
        }
    }

    /// The value of a stored form; `None` if it is not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let value = Self::read(&mut reader)?;
        reader.is_empty().then_some(value)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(match reader.byte()? {
            0 => Self::Null,
            1 => Self::Bool(reader.byte()? != 0),
            2 => Self::Number(f64::from_bits(reader.u64()?)),
            3 => Self::Text(text(reader)?),
            4 => Self::Json(text(reader)?),
            _ => return None,
        })
    }

    /// The order of the index: by type, then by value. Strings are ordered by their UTF-8 bytes.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => number_key(*a).cmp(&number_key(*b)),
            (Self::Text(a), Self::Text(b)) | (Self::Json(a), Self::Json(b)) => a.cmp(b),
            _ => self.tag().cmp(&other.tag()),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// Bytes that sort as the numbers do.
pub(crate) fn number_key(number: f64) -> [u8; 8] {
    let number = match number {
        number if number.is_nan() => f64::NAN.abs(),
        number => number + 0.0,
    };
    let bits = number.to_bits();
    let sign = 1 << 63;
    (if bits & sign == 0 { bits | sign } else { !bits }).to_be_bytes()
}

/// The number of such bytes.
pub(crate) fn number_of(key: [u8; 8]) -> f64 {
    let bits = u64::from_be_bytes(key);
    let sign = 1 << 63;
    f64::from_bits(if bits & sign == 0 { !bits } else { bits & !sign })
}

/// The stored form of a set of properties.
pub(crate) fn encode(properties: &[(String, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, properties.len() as u64);
    for (name, value) in properties {
        put_slice(&mut out, name.as_bytes());
        value.put(&mut out);
    }
    out
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(bytes: &[u8]) -> Option<Properties> {
    let mut reader = Reader::new(bytes);
    let count = reader.len()?;
    // Every property takes two bytes or more.
    let mut properties = Vec::with_capacity(count.min(bytes.len() / 2));
    for _ in 0..count {
        let name = text(&mut reader)?;
        properties.push((name, Value::read(&mut reader)?));
    }
    reader.is_empty().then_some(properties)
}

fn text(reader: &mut Reader<'_>) -> Option<String> {
    String::from_utf8(reader.slice()?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_come_back_and_cut_ones_are_refused() {
        let properties: Properties = vec![
            ("name".into(), Value::from("Älice")),
            ("".into(), Value::Null),
            ("age".into(), Value::Number(-0.5)),
            ("ok".into(), Value::Bool(true)),
            ("tags".into(), Value::Json("[1,2]".into())),
        ];
        let bytes = encode(&properties);
        assert_eq!(decode(&bytes), Some(properties));
        (0..bytes.len()).for_each(|cut| assert_eq!(decode(&bytes[..cut]), None));
    }

    #[test]
    fn number_keys_sort_as_numbers() {
        let numbers = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -1e-300,
            0.0,
            1e-300,
            2.0,
            f64::INFINITY,
        ];
        assert!(
            numbers
                .windows(2)
                .all(|pair| number_key(pair[0]) < number_key(pair[1]))
        );
        assert!(
            numbers
                .iter()
                .all(|&number| number_of(number_key(number)) == number)
        );
        assert_eq!(number_key(-0.0), number_key(0.0));
        assert_eq!(Value::Number(f64::NAN), Value::Number(-f64::NAN));
    }
}
