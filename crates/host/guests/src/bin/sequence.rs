//! Makes numbered files in order, each complete before the next begins, and says each number when its file is closed. Every fourth
//! has more content than a row holds; every fifth replaces an earlier one by a rename.

use std::fs;

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|arg| arg.parse().ok()).unwrap();
    for number in 0..count {
        let content = vec![b'a' + (number % 26) as u8; if number % 4 == 3 { 20_000 } else { 100 }];
        let name = format!("/{number:04}");
        if number % 5 == 4 {
            fs::write("/new", content).unwrap();
            fs::rename("/new", name).unwrap();
        } else {
            fs::write(name, content).unwrap();
        }
        println!("{number}");
    }
    if std::env::args().nth(2).as_deref() == Some("trap") {
        std::process::abort();
    }
}
