#![no_main]

use tarbox_protocol::{Format, Reply};

// What can be read can be said again, and means the same.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    for format in [Format::Compact, Format::Json] {
        if let Ok(read) = Reply::decode(input, format) {
            let again = read.encode(format);
            assert_eq!(Reply::decode(&again, format).as_ref(), Ok(&read));
        }
    }
});
