//! Asks WASI 0.2 for more than any program needs, and out of order, and prints what came of it.
//!
//! `descriptors N`, `streams N`, `poll N`: that many at once · `orphans`: streams whose file is closed · `lead`: paths that lead out ·
//! `swap N PATH TARGET`: PATH is a directory and a symbolic link to TARGET by turns · `peek N PATH`: reads PATH again and again, and
//! prints each content that it found.

#[cfg(target_env = "p2")]
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let texts: Vec<&str> = args.iter().map(String::as_str).collect();
    match texts[..] {
        ["descriptors", count] => hoard::descriptors(count.parse().unwrap()),
        ["streams", count] => hoard::streams(count.parse().unwrap()),
        ["poll", count] => hoard::pollables(count.parse().unwrap()),
        ["orphans"] => hoard::orphans(),
        ["lead"] => hoard::lead(),
        ["swap", count, path, target] => hoard::swap(count.parse().unwrap(), path, target),
        ["peek", count, path] => hoard::peek(count.parse().unwrap(), path),
        _ => panic!("what?"),
    }
}

/// Core modules have numbers instead.
#[cfg(not(target_env = "p2"))]
fn main() {}

#[cfg(target_env = "p2")]
mod hoard {
    use std::collections::BTreeSet;

    use wasip2::clocks::monotonic_clock;
    use wasip2::filesystem::preopens::get_directories;
    use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
    use wasip2::io::poll::poll;

    fn root() -> Descriptor {
        get_directories().remove(0).0
    }

    fn open(root: &Descriptor, path: &str, how: OpenFlags) -> Result<Descriptor, ErrorCode> {
        let flags = match how {
            how if how.is_empty() => DescriptorFlags::READ,
            _ => DescriptorFlags::READ | DescriptorFlags::WRITE,
        };
        root.open_at(PathFlags::SYMLINK_FOLLOW, path, how, flags)
    }

    /// What was done, or the name of the error.
    fn told<T>(result: Result<T, ErrorCode>) -> String {
        result.map_or_else(|code| code.name().to_owned(), |_| "done".to_owned())
    }

    fn file(root: &Descriptor) -> Descriptor {
        let file = open(root, "file", OpenFlags::CREATE).unwrap();
        file.write(b"content", 0).unwrap();
        file
    }

    pub(crate) fn descriptors(count: usize) {
        let root = root();
        drop(file(&root));
        let mut open_now = Vec::new();
        let error = loop {
            if open_now.len() == count {
                break None;
            }
            match open(&root, "file", OpenFlags::empty()) {
                Ok(file) => open_now.push(file),
                Err(code) => break Some(code),
            }
        };
        let last = open_now.last().map(|file| file.stat().unwrap().size);
        println!("{} {:?} {last:?}", open_now.len(), error.map(|code| code.name()));
    }

    pub(crate) fn streams(count: usize) {
        let root = root();
        let file = file(&root);
        let held: Vec<_> = (0..count).map_while(|_| file.read_via_stream(0).ok()).collect();
        let writers: Vec<_> = (0..count).map_while(|_| file.write_via_stream(7).ok()).collect();
        let first = held.first().map(|stream| stream.blocking_read(100).unwrap());
        println!("{} {} {first:?}", held.len(), writers.len());
    }

    pub(crate) fn pollables(count: usize) {
        let root = root();
        let stream = file(&root).read_via_stream(0).unwrap();
        let mut all: Vec<_> = (0..count).map(|_| stream.subscribe()).collect();
        all.push(monotonic_clock::subscribe_duration(u64::MAX / 2));
        let ready = poll(&all.iter().collect::<Vec<_>>());
        println!("{} of {}", ready.len(), all.len());
    }

    pub(crate) fn orphans() {
        let root = root();
        let file = file(&root);
        let (from, to) = (
            file.read_via_stream(0).unwrap(),
            file.append_via_stream().unwrap(),
        );
        drop(file);
        root.unlink_file_at("file").unwrap();
        println!("splice: {:?}", to.blocking_splice(&from, 3));
        to.blocking_flush().unwrap();
        println!("read: {:?}", from.blocking_read(100));
        println!("twice: {}", told(root.unlink_file_at("file")));
        println!("end: {:?}", from.blocking_read(100).is_err());
    }

    pub(crate) fn lead() {
        let root = root();
        root.create_directory_at("d").unwrap();
        println!("absolute: {}", told(root.symlink_at("/etc/passwd", "absolute")));
        println!("up: {}", told(root.symlink_at("../../etc/passwd", "d/up")));
        for path in [
            "..",
            "../etc/passwd",
            "d/../../etc/passwd",
            "/etc/passwd",
            "d/up",
            "absolute",
            "d/./../d/up",
        ] {
            println!("{path}: {}", told(open(&root, path, OpenFlags::empty())));
            println!("make {path}: {}", told(open(&root, path, OpenFlags::CREATE)));
            println!("rename {path}: {}", told(root.rename_at("d", &root, path)));
            println!(
                "stat {path}: {}",
                told(root.stat_at(PathFlags::SYMLINK_FOLLOW, path))
            );
        }
    }

    pub(crate) fn swap(count: usize, path: &str, target: &str) {
        let root = root();
        let aside = format!("{path}-aside");
        for _ in 0..count {
            root.rename_at(path, &root, &aside).unwrap();
            root.symlink_at(target, path).unwrap();
            root.unlink_file_at(path).unwrap();
            root.rename_at(&aside, &root, path).unwrap();
        }
    }

    pub(crate) fn peek(count: usize, path: &str) {
        let root = root();
        let mut seen = BTreeSet::new();
        for _ in 0..count {
            let read = open(&root, path, OpenFlags::empty()).and_then(|file| file.read(100, 0));
            seen.insert(match read {
                Ok((bytes, _)) => String::from_utf8(bytes).unwrap(),
                Err(code) => code.name().to_owned(),
            });
        }
        for content in seen {
            println!("{content}");
        }
    }
}
