//! Records as RFC 4180 has them. The columns are named by the first record, or by number.

use std::io::BufRead;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::{Fact, Item, Read};

/// Which columns hold subject, predicate and object, and what separates them.
#[derive(Debug, Clone)]
pub(in crate::commands::graph) struct Columns {
    pub(in crate::commands::graph) names: [String; 3],
    pub(in crate::commands::graph) delimiter: Option<u8>,
}

impl Columns {
    /// Their places, counted from 0, if they are given by number.
    fn numbers(&self) -> Option<[usize; 3]> {
        let mut places = [0; 3];
        for (place, name) in places.iter_mut().zip(&self.names) {
            *place = name.parse::<usize>().ok()?.checked_sub(1)?;
        }
        Some(places)
    }

    fn find(&self, header: &ByteRecord) -> Result<[usize; 3], String> {
        let mut places = [0; 3];
        for (place, name) in places.iter_mut().zip(&self.names) {
            *place = header
                .iter()
                .position(|field| field == name.as_bytes())
                .ok_or_else(|| {
                    let known: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
                    format!("there is no column {name}; the columns are {}", known.join(", "))
                })?;
        }
        Ok(places)
    }
}

pub(super) fn read<E: From<std::io::Error>>(
    input: impl BufRead,
    is_tsv: bool,
    columns: &Columns,
    each: &mut dyn FnMut(Read) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::None)
        .quoting(!is_tsv || columns.delimiter.is_some_and(|delimiter| delimiter != b'\t'))
        .delimiter(columns.delimiter.unwrap_or(if is_tsv { b'\t' } else { b',' }))
        .from_reader(input);
    let mut places = columns.numbers();
    let (mut record, mut width) = (ByteRecord::new(), None);
    while reader
        .read_byte_record(&mut record)
        .map_err(std::io::Error::from)?
    {
        let line = record.position().map_or(0, |position| position.line());
        let width = *width.get_or_insert(record.len());
        match places {
            None => match columns.find(&record) {
                Ok(found) => places = Some(found),
                // Without its columns nothing of the text can be read.
                Err(error) => {
                    return Err(E::from(std::io::Error::new(
                        std::io::ErrorKind::InvalidInput,
                        error,
                    )));
                }
            },
            Some(places) => each((line, item(&record, places, width)))?,
        }
    }
    Ok(())
}

fn item(record: &ByteRecord, places: [usize; 3], width: usize) -> Result<Item, String> {
    if record.len() != width {
        return Err(format!(
            "the record has {} fields, and the first one has {width}",
            record.len()
        ));
    }
    let mut words = <[String; 3]>::default();
    for (word, place) in words.iter_mut().zip(places) {
        let field = record.get(place).ok_or_else(|| {
            format!(
                "the record has {} fields, but column {} is required",
                record.len(),
                place + 1
            )
        })?;
        *word = std::str::from_utf8(field)
            .map_err(|_| "the line has bytes that are not UTF-8".to_owned())?
            .to_owned();
    }
    Ok(Item::Fact(Box::new(Fact {
        words,
        ..Fact::default()
    })))
}

/// A field as CSV writes it.
pub(in crate::commands::graph) fn field(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}
