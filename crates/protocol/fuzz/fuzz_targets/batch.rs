#![no_main]

use tarbox_protocol::{Format, Batch};

// What can be read can be said again, and means the same.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    for format in [Format::Compact, Format::Json] {
        if let Ok(read) = Batch::decode(input, format) {
            let again = read.encode(format);
            assert_eq!(Batch::decode(&again, format).as_ref(), Ok(&read));
        }
    }
});
