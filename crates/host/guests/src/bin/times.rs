//! Times of files.

use std::fs::{self, File, FileTimes};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use guests::{dir, say};

fn main() {
    let path = PathBuf::from(dir()).join("timed");
    fs::write(&path, "x").unwrap();
    let at = |seconds, nanos| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
    let times = FileTimes::new()
        .set_accessed(at(1_000_000_000, 1))
        .set_modified(at(2_000_000_000, 999_999_999));
    say(
        "set",
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_times(times)),
    );
    let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    say(
        "get",
        fs::metadata(&path).map(|m| (since(m.accessed().unwrap()), since(m.modified().unwrap()))),
    );
    fs::write(&path, "y").unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    say(
        "a write renews",
        Ok(modified < at(2_000_000_000, 0) && modified > at(1_600_000_000, 0)),
    );
    say("clean", fs::remove_file(&path));
}
