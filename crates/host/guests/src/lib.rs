//! What guest programs share: a transcript on standard output, equal on every host that behaves equally.

use std::fmt::Debug;
use std::io;

/// Prints what an operation answered; of an error its number, which is the same in every language.
pub fn say<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => match error.raw_os_error() {
            Some(number) => println!("{what}: error {number} ({:?})", error.kind()),
            None => println!("{what}: error {:?}", error.kind()),
        },
    }
}

/// The directory to work in: the first argument, or the root.
pub fn dir() -> String {
    std::env::args().nth(1).unwrap_or_else(|| "/".to_owned())
}
