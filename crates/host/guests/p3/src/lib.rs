//! Works on files by WASI 0.3 and prints what came of each step.

use std::fmt::Debug;
use std::fmt::Write as _;

use wasip3::cli::{environment, stdout};
use wasip3::clocks::monotonic_clock;
use wasip3::filesystem::preopens::get_directories;
use wasip3::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags};
use wasip3::wit_stream;

struct Program;

wasip3::cli::command::export!(Program);

impl wasip3::exports::cli::run::Guest for Program {
    async fn run() -> Result<(), ()> {
        let mut said = String::new();
        if environment::get_arguments()
            .get(1)
            .is_some_and(|arg| arg == "wait")
        {
            monotonic_clock::wait_for(3_600_000_000_000).await;
        }
        steps(&mut said).await;
        let (mut to, from) = wit_stream::new();
        let printed = stdout::write_via_stream(from);
        let left = to.write_all(said.into_bytes()).await;
        drop(to);
        match printed.await {
            Ok(()) if left.is_empty() => Ok(()),
            _ => Err(()),
        }
    }
}

fn say(said: &mut String, what: &str, result: impl Debug) {
    writeln!(said, "{what}: {result:?}").unwrap();
}

async fn steps(said: &mut String) {
    let (root, _) = get_directories()
        .into_iter()
        .find(|(_, name)| name == "/")
        .expect("a root");
    say(said, "make", root.create_directory_at("d".into()).await);
    say(said, "make again", root.create_directory_at("d".into()).await);
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    let file = open(&root, "d/f", how, flags).await.unwrap();
    let content: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
    say(said, "write", write(&file, content.clone()).await);
    say(said, "append", append(&file, b"end".to_vec()).await);
    let (bytes, came) = read(&file, 0).await;
    let is_same = bytes[..content.len()] == content && bytes[content.len()..] == *b"end";
    say(said, "read", (bytes.len(), is_same, came));
    say(said, "read behind the end", read(&file, 1 << 40).await);
    say(said, "read a directory", read(&root, 0).await);
    // A stream that nobody reads to its end.
    drop(file.read_via_stream(0));
    let reader = open(&root, "d/f", OpenFlags::empty(), DescriptorFlags::READ)
        .await
        .unwrap();
    say(
        said,
        "write what is only read",
        write(&reader, b"x".to_vec()).await,
    );
    say(said, "same", file.is_same_object(&reader).await);
    let stat = file.stat().await.unwrap();
    say(said, "stat", (stat.type_, stat.link_count, stat.size));
    say(said, "cut", file.set_size(5).await);
    let times = file.set_times(NewTimestamp::NoChange, NewTimestamp::Now).await;
    say(said, "times", times);
    say(said, "sync", file.sync().await);
    say(
        said,
        "link",
        root.link_at(PathFlags::empty(), "d/f".into(), &root, "d/g".into())
            .await,
    );
    say(said, "symlink", root.symlink_at("f".into(), "d/s".into()).await);
    say(said, "readlink", root.readlink_at("d/s".into()).await);
    say(
        said,
        "rename",
        root.rename_at("d/g".into(), &root, "h".into()).await,
    );
    let dir = open(&root, "d", OpenFlags::DIRECTORY, DescriptorFlags::READ)
        .await
        .unwrap();
    say(said, "list", list(&dir).await);
    say(said, "list a file", list(&file).await);
    say(
        said,
        "lead out",
        open(&root, "../x", OpenFlags::CREATE, flags).await.err(),
    );
    say(
        said,
        "missing",
        open(&root, "nothing", OpenFlags::empty(), flags).await.err(),
    );
    say(said, "full", root.remove_directory_at("d".into()).await);
    say(said, "unlink", root.unlink_file_at("h".into()).await);
    monotonic_clock::wait_for(1_000_000).await;
    let mut descriptors = Vec::new();
    for _ in 0..1000 {
        descriptors.push(open(&root, "d/f", OpenFlags::empty(), DescriptorFlags::READ).await);
    }
    say(
        said,
        "open",
        descriptors.iter().filter(|opened| opened.is_ok()).count(),
    );
}

async fn open(
    dir: &Descriptor,
    path: &str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> Result<Descriptor, ErrorCode> {
    dir.open_at(PathFlags::empty(), path.into(), how, flags).await
}

async fn write(file: &Descriptor, bytes: Vec<u8>) -> (usize, Result<(), ErrorCode>) {
    let (mut to, from) = wit_stream::new();
    let written = file.write_via_stream(from, 0);
    let left = to.write_all(bytes).await.len();
    drop(to);
    (left, written.await)
}

async fn append(file: &Descriptor, bytes: Vec<u8>) -> (usize, Result<(), ErrorCode>) {
    let (mut to, from) = wit_stream::new();
    let written = file.append_via_stream(from);
    let left = to.write_all(bytes).await.len();
    drop(to);
    (left, written.await)
}

async fn read(file: &Descriptor, offset: u64) -> (Vec<u8>, Result<(), ErrorCode>) {
    let (stream, came) = file.read_via_stream(offset);
    (stream.collect().await, came.await)
}

async fn list(dir: &Descriptor) -> (Vec<String>, Result<(), ErrorCode>) {
    let (stream, came) = dir.read_directory();
    let mut names: Vec<_> = stream
        .collect()
        .await
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    names.sort();
    (names, came.await)
}
