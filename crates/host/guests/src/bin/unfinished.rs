//! Writes a file, tells so, and then does what the argument says until someone ends it.

use std::hint::black_box;
use std::io::Write as _;

#[allow(unconditional_recursion)]
fn deeper(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    deeper(depth + 1) + room[depth as usize % 64]
}

fn main() {
    std::fs::write("/started", "before the end").unwrap();
    println!("started");
    std::io::stdout().flush().unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("spin") => loop {
            black_box(0);
        },
        Some("sleep") => std::thread::sleep(std::time::Duration::from_secs(1 << 30)),
        Some("memory") => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(vec![1u8; 1 << 20]));
            }
        }
        Some("recurse") => println!("{}", deeper(0)),
        Some("panic") => panic!("as asked"),
        Some("write") => {
            let mut file = std::fs::File::create("/endless").unwrap();
            loop {
                file.write_all(&[7; 4096]).unwrap();
            }
        }
        other => println!("{other:?}"),
    }
}
