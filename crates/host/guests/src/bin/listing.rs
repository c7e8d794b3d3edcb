//! What a listing tells, also of names that are no text.

use guests::dir;

fn main() {
    let (mut names, mut refused) = (Vec::new(), 0);
    for entry in std::fs::read_dir(dir()).unwrap() {
        match entry {
            Ok(entry) => names.extend(entry.file_name().into_string()),
            Err(_) => refused += 1,
        }
    }
    names.sort();
    println!("{names:?}");
    eprintln!("{refused}");
}
