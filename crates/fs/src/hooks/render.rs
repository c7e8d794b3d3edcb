//! Answers: JSON, and the tree as text.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tarbox_store::{Error, LayerInfo, Performance, Position, Result};

use super::calendar;

/// A value as JSON on several lines.
pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).map_err(cannot)?;
    text.push(b'\n');
    Ok(text)
}

/// A list as JSON, one line for each item: valid as a whole, and good for `grep` line by line.
pub(super) fn json_lines<T: Serialize>(values: &[T]) -> Result<Vec<u8>> {
    let mut text = b"[".to_vec();
    for (index, value) in values.iter().enumerate() {
        text.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut text, value).map_err(cannot)?;
    }
    text.extend_from_slice(if values.is_empty() { b"]\n" } else { b"\n]\n" });
    Ok(text)
}

fn cannot(error: serde_json::Error) -> Error {
    Error::new(tarbox_store::ErrorKind::Io).caused_by(error)
}

/// The history, newest first; `@` stands where the workspace is switched to.
pub(super) fn tree(layers: &[LayerInfo], position: Position) -> Vec<u8> {
    let mut text = String::new();
    for layer in layers.iter().rev() {
        let mark = if layer.id == position.current { '@' } else { 'o' };
        let name = layer
            .name
            .as_deref()
            .unwrap_or(if layer.id == position.head { "head" } else { "" });
        text.push_str(&format!("{mark}  {}  {name}", layer.id));
        if !layer.tags.is_empty() {
            text.push_str(&format!("  [{}]", layer.tags.join(", ")));
        }
        match layer.sealed {
            Some(time) => text.push_str(&format!("  {}", calendar::format(time))),
            None => text.push_str("  being written"),
        }
        if let Some(description) = &layer.description {
            text.push_str(&format!("  {}", description.escape_debug()));
        }
        text.push('\n');
    }
    text.into_bytes()
}

/// What `stats/cache` says.
#[derive(Serialize)]
pub(super) struct CacheStats {
    rows: HitRate,
    blocks: HitRate,
}

#[derive(Serialize)]
struct HitRate {
    hits: u64,
    misses: u64,
    hit_ratio: Ratio,
}

impl CacheStats {
    pub(super) fn of(performance: &Performance) -> Self {
        Self {
            rows: HitRate::of(performance.row_hits, performance.row_misses),
            blocks: HitRate::of(performance.block_hits, performance.block_misses),
        }
    }
}

/// A part of a whole, with four digits: what can print every number is much larger.
struct Ratio(u64, u64);

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let parts = u128::from(self.0) * 10_000 / u128::from(self.1);
        let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
        RawValue::from_string(text)
            .map_err(S::Error::custom)?
            .serialize(to)
    }
}

impl HitRate {
    fn of(hits: u64, misses: u64) -> Self {
        let total = (hits + misses).max(1);
        Self {
            hits,
            misses,
            hit_ratio: Ratio(hits, total),
        }
    }
}

#[cfg(test)]
mod tests {
    use tarbox_store::{LayerId, Timestamp};

    use super::*;

    #[test]
    fn the_tree_shows_where_one_stands() {
        let layer = |id, name: Option<&str>, sealed| LayerInfo {
            id: LayerId(id),
            name: name.map(str::to_owned),
            description: None,
            sealed,
            tags: if id == 1 { vec!["v1".into()] } else { vec![] },
            current: false,
        };
        let layers = [layer(1, Some("base"), Some(Timestamp(0))), layer(2, None, None)];
        let text = tree(
            &layers,
            Position {
                current: LayerId(1),
                head: LayerId(2),
            },
        );
        let expected = "o  2  head  being written\n@  1  base  [v1]  1970-01-01T00:00:00Z\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn lists_are_json_with_a_line_for_each_item() {
        assert_eq!(json_lines::<u8>(&[]).unwrap(), b"[]\n");
        assert_eq!(json_lines(&[1, 2]).unwrap(), b"[\n1,\n2\n]\n");
    }
}
