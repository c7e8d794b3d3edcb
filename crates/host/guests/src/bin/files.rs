//! Files: make, write, read, seek, append, cut, copy, rename, remove.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use guests::{dir, say};

fn main() {
    let dir = PathBuf::from(dir());
    let a = dir.join("a");
    let b = dir.join("b");
    say("read missing", fs::read(&a));
    say("write", fs::write(&a, "hello"));
    say("read", fs::read_to_string(&a));
    say(
        "make again",
        OpenOptions::new().write(true).create_new(true).open(&a).map(drop),
    );

    let mut file = OpenOptions::new().read(true).write(true).open(&a).unwrap();
    say("seek", file.seek(SeekFrom::End(3)));
    say("write past the end", file.write_all(b"end"));
    say("seek back", file.seek(SeekFrom::Current(-6)));
    let mut text = Vec::new();
    say("read to end", file.read_to_end(&mut text));
    println!("{text:?}");
    say(
        "seek before",
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.seek(SeekFrom::Current(-1))),
    );
    say("set_len", file.set_len(4));
    say("sync", file.sync_all().and_then(|()| file.sync_data()));
    say(
        "len",
        file.metadata()
            .map(|metadata| (metadata.len(), metadata.is_file())),
    );
    drop(file);

    let mut file = OpenOptions::new().append(true).open(&a).unwrap();
    say(
        "append",
        file.write_all(b"+1").and_then(|()| file.write_all(b"+2")),
    );
    drop(file);
    say("content", fs::read_to_string(&a));
    say("copy", fs::copy(&a, &b));
    say("rename", fs::rename(&a, dir.join("c")));
    say("old name", fs::metadata(&a).map(|_| ()));
    say("replace", fs::rename(dir.join("c"), &b));
    say("content", fs::read_to_string(&b));
    let large: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
    say("write large", fs::write(&a, &large));
    say("read large", fs::read(&a).map(|read| read == large));
    say(
        "open cut",
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&a)
            .and_then(|file| Ok(file.metadata()?.len())),
    );
    say("remove", fs::remove_file(&a).and_then(|()| fs::remove_file(&b)));
    say("remove again", fs::remove_file(&a));
}
