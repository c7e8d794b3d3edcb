#![no_main]

#[path = "../driver/mod.rs"]
#[allow(dead_code)] // the other target uses the rest
mod driver;

libfuzzer_sys::fuzz_target!(|input: &[u8]| driver::p2::run(input));
