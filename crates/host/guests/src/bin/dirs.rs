//! Directories: make, list, nest, remove.

use std::fs;
use std::path::{Path, PathBuf};

use guests::{dir, say};

fn list(dir: &Path) -> std::io::Result<Vec<(String, bool, u64)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let len = if kind.is_file() {
            entry.metadata()?.len()
        } else {
            0
        };
        entries.push((entry.file_name().into_string().unwrap(), kind.is_dir(), len));
    }
    entries.sort();
    Ok(entries)
}

fn main() {
    let dir = PathBuf::from(dir()).join("tree");
    say("make", fs::create_dir(&dir));
    say("make again", fs::create_dir(&dir));
    say("make without parent", fs::create_dir(dir.join("x/y")));
    say("make all", fs::create_dir_all(dir.join("x/y/z")));
    for i in 0..300 {
        fs::write(dir.join(format!("file-{i:03}")), "x".repeat(i)).unwrap();
    }
    say(
        "list",
        list(&dir).map(|entries| (entries.len(), entries[7].clone(), entries[300].clone())),
    );
    say("list a file", list(&dir.join("file-000")));
    say("list nothing", list(&dir.join("nothing")));
    say(
        "metadata",
        fs::metadata(&dir).map(|metadata| (metadata.is_dir(), metadata.is_file())),
    );
    say(
        "read a directory",
        fs::read(&dir)
            .map(|_| ())
            .map_err(|_| std::io::ErrorKind::IsADirectory.into()),
    );
    say("remove full", fs::remove_dir(&dir));
    say("remove as file", fs::remove_file(dir.join("x")));
    say("remove a file as directory", fs::remove_dir(dir.join("file-001")));
    say("rename into itself", fs::rename(dir.join("x"), dir.join("x/y/x")));
    say("rename onto full", fs::rename(dir.join("x/y/z"), dir.join("x")));
    say("rename", fs::rename(dir.join("x"), dir.join("w")));
    say("nested", list(&dir.join("w/y")));
    say("remove all", fs::remove_dir_all(&dir));
    say("gone", fs::metadata(&dir).map(|_| ()));
}
