//! Files used for what they were not opened for.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};

use guests::say;

fn main() {
    fs::write("/f", "content").unwrap();
    let read_only = File::open("/f");
    say("write", read_only.and_then(|mut file| file.write(b"x")));
    let write_only = || OpenOptions::new().write(true).open("/f");
    say("read", write_only().and_then(|mut file| file.read(&mut [0; 4])));
    say("cut", File::open("/f").and_then(|file| file.set_len(1)));
    say("cut", write_only().and_then(|file| file.set_len(1)));
    say("content", fs::read_to_string("/f"));
}
