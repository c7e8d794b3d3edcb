#![no_main]

use tarbox_rest::params::Params;

// What a query says is said by its bytes percent-encoded, too.
libfuzzer_sys::fuzz_target!(|query: &str| {
    let Ok(read) = Params::parse(query) else { return };
    for name in ["path", "layer", "offset", ""] {
        let Some(value) = read.bytes(name) else { continue };
        let encoded: String = value.iter().map(|byte| format!("%{byte:02x}")).collect();
        let again = Params::parse(&format!("{name}={encoded}")).expect("it is encoded");
        assert_eq!(again.bytes(name), Some(value));
    }
    let _ = (read.flag("flag"), read.parsed::<u64>("offset"), read.text("path"));
    let _ = read.only(&["path", "offset"]);
});
