//! Sizes of a module, and how they are shown.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use crate::ui::thousands;

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
    /// Measures `bytes`, compressed as a web server would that has time: gzip -9, brotli -q 11.
    pub(super) fn of(
        name: &'static str,
        bytes: &[u8],
        limit: u64,
        brotli_limit: Option<u64>,
    ) -> Result<Self> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(bytes)?;
        let gzip = gzip.finish()?.len() as u64;
        let mut packed = Vec::new();
        brotli::BrotliCompress(
            &mut &*bytes,
            &mut packed,
            &brotli::enc::BrotliEncoderParams::default(),
        )?;
        Ok(Self {
            name,
            raw: bytes.len() as u64,
            gzip,
            brotli: packed.len() as u64,
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

    #[test]
    fn a_module_over_its_limit_is_told() {
        let bytes = vec![7; 10_000];
        let fits = Size::of("small.wasm", &bytes, 10_000, None).unwrap();
        let over = Size::of("large.wasm", &bytes, 9_999, None).unwrap();
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
        let of = |limit| Size::of("a.wasm", &bytes, 1_000, Some(limit)).unwrap();
        assert!(of(1_000).fits() && !of(10).fits());
    }

    #[test]
    fn json_has_the_same_numbers() {
        let value = json(&[Size::of("a.wasm", b"abc", 2, None).unwrap()]);
        assert_eq!(value[0]["bytes"], 3);
        assert_eq!(value[0]["ok"], false);
    }
}
