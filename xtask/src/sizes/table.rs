//! Sizes of a module, and how they are shown.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::command::Cmd;
use crate::ui::thousands;

/// Prints the length of a file: as it is, with gzip, with brotli.
const MEASURE: &str = "const { brotliCompressSync, gzipSync } = require('node:zlib');
const bytes = require('node:fs').readFileSync(process.argv[1]);
console.log([bytes, gzipSync(bytes, { level: 9 }), brotliCompressSync(bytes)].map(b => b.length).join(' '))";

/// One module's sizes, in bytes.
#[derive(Debug)]
pub(super) struct Size {
    name: &'static str,
    raw: u64,
    gzip: u64,
    brotli: u64,
    /// For `raw`.
    limit: u64,
    /// For `brotli`, if there is one.
    brotli_limit: Option<u64>,
}

impl Size {
    /// Measures a file, compressed as a web server would that has time: gzip -9, brotli -q 11.
    ///
    /// # Errors
    /// When Node.js, which has both, cannot read it.
    pub(super) fn of(name: &'static str, path: &Path, limit: u64, brotli_limit: Option<u64>) -> Result<Self> {
        let measured = Cmd::new("node").args(["-e", MEASURE]).arg(path).output()?;
        let numbers: Vec<u64> = measured.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [raw, gzip, brotli] = numbers[..] else {
            bail!("node printed {measured:?} instead of three numbers");
        };
        Ok(Self {
            name,
            raw,
            gzip,
            brotli,
            limit,
            brotli_limit,
        })
    }

    pub(super) fn fits(&self) -> bool {
        self.raw <= self.limit && self.brotli_limit.is_none_or(|limit| self.brotli <= limit)
    }
}

/// An aligned table, a line per module.
pub(super) fn text(sizes: &[Size]) -> String {
    let mut out = format!(
        "{:<24} {:>12} {:>12} {:>12} {:>12}\n",
        "module", "bytes", "gzip", "brotli", "limit"
    );
    for size in sizes {
        let [raw, gzip, brotli, limit] = [size.raw, size.gzip, size.brotli, size.limit].map(thousands);
        let over = if size.fits() { "" } else { "  OVER THE LIMIT" };
        let _ = writeln!(
            out,
            "{:<24} {raw:>12} {gzip:>12} {brotli:>12} {limit:>12}{over}",
            size.name
        );
    }
    out
}

/// `[{"name", "bytes", "gzip", "brotli", "limit", "ok"}]`.
pub(super) fn json(sizes: &[Size]) -> Value {
    let row = |size: &Size| {
        json!({
            "name": size.name, "bytes": size.raw, "gzip": size.gzip, "brotli": size.brotli,
            "limit": size.limit, "brotli_limit": size.brotli_limit, "ok": size.fits(),
        })
    };
    Value::Array(sizes.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(name: &'static str, bytes: &[u8], limit: u64, brotli_limit: Option<u64>) -> Size {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Size::of(name, file.path(), limit, brotli_limit).unwrap()
    }

    #[test]
    fn a_module_over_its_limit_is_told() {
        let bytes = vec![7; 10_000];
        let fits = size("small.wasm", &bytes, 10_000, None);
        let over = size("large.wasm", &bytes, 9_999, None);
        assert!(fits.fits() && !over.fits());
        assert!(fits.gzip < 100 && fits.brotli < fits.gzip);
        let shown = text(&[fits, over]);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(
            lines[1].starts_with("small.wasm") && lines[1].ends_with("10,000"),
            "{shown}"
        );
        assert!(lines[2].ends_with("9,999  OVER THE LIMIT"), "{shown}");
    }

    #[test]
    fn the_limit_of_brotli_counts_too() {
        let bytes: Vec<u8> = (0..=255).collect();
        let of = |limit| size("a.wasm", &bytes, 1_000, Some(limit));
        assert!(of(1_000).fits() && !of(10).fits());
    }

    #[test]
    fn json_has_the_same_numbers() {
        let value = json(&[size("a.wasm", b"abc", 2, None)]);
        assert_eq!(value[0]["bytes"], 3);
        assert_eq!(value[0]["ok"], false);
    }
}
