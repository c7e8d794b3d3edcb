//! Hard and symbolic links, and paths that lead nowhere good.

use std::ffi::{CString, c_char, c_int};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use guests::{dir, say};

unsafe extern "C" {
    safe fn symlink(target: *const c_char, path: *const c_char) -> c_int;
}

fn make_link(target: &str, path: &Path) -> io::Result<()> {
    let target = CString::new(target)?;
    let path = CString::new(path.to_str().unwrap())?;
    match symlink(target.as_ptr(), path.as_ptr()) {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn main() {
    let dir = PathBuf::from(dir());
    let at = |name: &str| dir.join(name);
    fs::write(at("f"), "content").unwrap();
    fs::create_dir(at("d")).unwrap();
    fs::write(at("d/g"), "below").unwrap();
    say("hard link", fs::hard_link(at("f"), at("hard")));
    say("hard link again", fs::hard_link(at("f"), at("hard")));
    say("hard link of a directory", fs::hard_link(at("d"), at("e")));
    say("through it", fs::read_to_string(at("hard")));
    say("link", make_link("f", &at("soft")));
    say("link again", make_link("f", &at("soft")));
    say("through it", fs::read_to_string(at("soft")));
    say("what it says", fs::read_link(at("soft")));
    say("no link", fs::read_link(at("f")));
    say(
        "itself",
        fs::symlink_metadata(at("soft")).map(|m| (m.file_type().is_symlink(), m.len())),
    );
    say("to a directory", make_link("d", &at("dl")));
    say("below it", fs::read_to_string(at("dl/g")));
    say("back up", fs::read_to_string(at("dl/../f")));
    say("dangling", make_link("nowhere", &at("dangling")));
    say("open dangling", fs::read(at("dangling")));
    say("write dangling", fs::write(at("dangling"), "made"));
    say("made", fs::read_to_string(at("nowhere")));
    say("loop", make_link("loop", &at("loop")));
    say("open loop", fs::read(at("loop")));
    say("absolute", make_link("/etc/passwd", &at("absolute")));
    say("out", make_link("../../../../etc/passwd", &at("out")));
    say("open out", fs::read(at("out")));
    say("slash behind a file", fs::metadata(at("f/")).map(|_| ()));
    say("slash behind a link", fs::metadata(at("dl/")).map(|m| m.is_dir()));
    say("remove link as directory", fs::remove_dir(at("dl")));
    say("remove link", fs::remove_file(at("dl")));
    say("still there", fs::read_to_string(at("d/g")));
    say("a name that is too long", fs::write(at(&"n".repeat(256)), ""));
    say("a NUL", fs::write(at("a\0b"), ""));
    say(
        "no name",
        fs::write(at(""), "").map_err(|_| io::ErrorKind::IsADirectory.into()),
    );
    say("below a file", fs::write(at("f/x"), ""));
    for name in ["hard", "soft", "dangling", "nowhere", "loop", "out", "f", "d/g"] {
        say("clean", fs::remove_file(at(name)));
    }
    say("clean", fs::remove_dir(at("d")));
}
