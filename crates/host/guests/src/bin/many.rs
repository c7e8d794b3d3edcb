//! Opens files until there are no more descriptors.

use std::fs::File;

fn main() {
    let mut open = Vec::new();
    let error = loop {
        match File::create(format!("/many-{}", open.len())) {
            Ok(file) => open.push(file),
            Err(error) => break error,
        }
    };
    println!("{} then {:?}", open.len(), error.raw_os_error());
}
