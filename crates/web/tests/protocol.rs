//! What the package's TypeScript believes about this crate.
#![cfg(not(target_family = "wasm"))]

use std::fmt::Write as _;
use std::path::Path;

use tarbox_web::{CODES, Effect, OPERATIONS};

/// The file is made from the tables of this crate; with `TARBOX_BLESS=1` it is made again.
#[test]
fn the_packages_protocol_is_this_crates() {
    let mut text = String::from(
        "// Made from crates/calls/src/operations.rs; `TARBOX_BLESS=1 cargo test -p tarbox-web` makes it again.\n\nexport const Op = {\n",
    );
    for (number, (name, _)) in OPERATIONS.iter().enumerate() {
        writeln!(text, "  {name}: {number},").unwrap();
    }
    text += "} as const\n\nexport type Op = (typeof Op)[keyof typeof Op]\n\n/** Operations that change something, and so wait for the device. */\nexport const WRITES: ReadonlySet<number> = new Set([\n";
    for (name, effect) in OPERATIONS {
        if *effect == Effect::Writes {
            writeln!(text, "  Op.{name},").unwrap();
        }
    }
    text += "])\n\n/** The numbers Linux gives errors. */\nexport const ERRNO = {\n";
    for kind in CODES {
        writeln!(text, "  {}: {},", kind.code(), kind.errno()).unwrap();
    }
    text += "} as const\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/tarbox/src/protocol.ts");
    if std::env::var_os("TARBOX_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        text,
        "run it with TARBOX_BLESS=1"
    );
}
