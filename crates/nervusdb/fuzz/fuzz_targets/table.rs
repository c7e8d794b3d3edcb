#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| nervusdb::fuzzing::table(input));
