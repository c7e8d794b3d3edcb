//! What is in `/tmp` is there for this run only.

use std::fs;

use guests::say;

fn main() {
    say("left over", fs::read_to_string("/tmp/note"));
    say("write", fs::write("/tmp/note", "mine"));
    say("read", fs::read_to_string("/tmp/note"));
    say("move out", fs::rename("/tmp/note", "/note"));
    say("root", fs::read_dir("/").map(|entries| entries.count()));
}
