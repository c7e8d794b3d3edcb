//! What children do.

use std::path::Path;

use tarbox_store::conformance::bytes;
use tarbox_store::*;

use crate::child::{hear, tell};
use crate::{block, me, new, open};

pub(crate) fn play(role: &str, path: &Path) {
    let (role, argument) = role.split_once(' ').unwrap_or((role, ""));
    match role {
        "write" => write_for_ever(path, argument.parse().unwrap()),
        "count" => count(path, argument.parse().unwrap()),
        "create" => create(path, argument),
        "hold" => hold(path),
        "look" => look(path),
        "serve" => serve(path),
        "make" => make(path),
        _ => panic!("there is no role {role}"),
    }
}

/// Writes, syncs and tells of it, until it is killed. `round` makes the content another each time.
fn write_for_ever(path: &Path, round: u64) {
    let (_database, s) = open(path);
    let by = me();
    for i in 0u64.. {
        let seed = round * 1_000_000 + i;
        let name = format!("r{round}-{i}");
        block(async {
            let file = s
                .create(&by, Ino::ROOT, name.as_bytes(), &new(FileKind::File))
                .await?
                .ino;
            let len = [10, 1_000, 5_000, 200_000][(i % 4) as usize];
            s.write(&by, file, WriteAt::End, &bytes(seed, len), false).await?;
            if i % 5 == 4 {
                let gone = format!("r{round}-{}", i - 2);
                s.unlink(&by, Ino::ROOT, gone.as_bytes(), Unlink::File).await?;
            }
            match i % 7 {
                6 => drop(
                    s.checkpoint(&by, &format!("l{seed}"), None, LaterLayers::Keep)
                        .await?,
                ),
                3 => return Ok(()),
                _ => s.sync().await?,
            }
            tell(i);
            Ok::<_, Error>(())
        })
        .unwrap();
    }
}

/// Adds to a counter in a file, each time reading it first; the file is named for its value, so that no update is lost
/// unseen: renaming from the old value to the new one succeeds for one process only.
fn count(path: &Path, times: u64) {
    let (_database, s) = open(path);
    let by = me();
    tell("ready");
    hear();
    let mut done = 0;
    while done < times {
        let added = block(async {
            let page = s.list(View::Current, Ino::ROOT, Cookie(0), 100).await?;
            let name = page
                .iter()
                .find(|e| e.name.starts_with(b"value "))
                .expect("there is a counter");
            let value: u64 = std::str::from_utf8(&name.name[6..]).unwrap().parse().unwrap();
            let next = format!("value {}", value + 1);
            let (from, to) = ((Ino::ROOT, &name.name[..]), (Ino::ROOT, next.as_bytes()));
            match s.rename(&by, from, to, RenameMode::NoReplace).await {
                Ok(()) => {}
                // Another process was faster.
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
                Err(e) => return Err(e),
            }
            s.write(&by, name.attr.ino, WriteAt::End, &[b'x'; 10], false)
                .await?;
            Ok::<_, Error>(true)
        })
        .unwrap();
        done += u64::from(added);
    }
    block(s.sync()).unwrap();
    tell("done");
}

/// Creates files in the one directory that all use, and checks what is there as it goes.
fn create(path: &Path, who: &str) {
    let (_database, s) = open(path);
    let by = me();
    tell("ready");
    hear();
    for i in 0..150u64 {
        block(async {
            let dir = s.lookup(View::Current, Ino::ROOT, b"shared").await?.ino;
            let name = format!("{who}-{i}");
            let file = s
                .create(&by, dir, name.as_bytes(), &new(FileKind::File))
                .await?
                .ino;
            s.write(&by, file, WriteAt::End, &bytes(i, (i * 37) as usize), false)
                .await?;
            // One name everybody wants: one gets it.
            let wanted = format!("wanted-{i}");
            match s.create(&by, dir, wanted.as_bytes(), &new(FileKind::File)).await {
                Ok(_) => tell(format!("got {i}")),
                Err(e) => assert_eq!(e.kind(), ErrorKind::Exists, "{e}"),
            }
            let found = s.lookup(View::Current, dir, name.as_bytes()).await?;
            assert_eq!((found.ino, found.size), (file, i * 37));
            // What others do meanwhile must not disturb a listing.
            let listed = s.list(View::Current, dir, Cookie(0), 10_000).await?;
            assert!(listed.len() as u64 > i * 2);
            Ok::<_, Error>(())
        })
        .unwrap();
    }
    tell("done");
}

/// Opens a file, and reads it whenever it is asked.
fn hold(path: &Path) {
    let (_database, s) = open(path);
    let file = block(s.lookup(View::Current, Ino::ROOT, b"file")).unwrap().ino;
    block(s.hold(file)).unwrap();
    tell("held");
    while let Some(word) = hear() {
        match word.as_str() {
            "read" => tell(read(&s, file)),
            "write" => {
                block(s.write(&me(), file, WriteAt::End, b"!", false)).unwrap();
                block(s.flush()).unwrap();
                tell("written");
            }
            "release" => {
                block(s.release(file)).unwrap();
                tell("released");
            }
            _ => return,
        }
    }
}

/// Opens the file again and again, until it hears a word; tells whether it was whole each time.
fn look(path: &Path) {
    let (_database, s) = open(path);
    tell("ready");
    hear();
    let heard = std::thread::spawn(hear);
    let (mut torn, mut held) = (None, 0);
    // One is held while the next is looked for, so that some are removed before they are closed.
    let mut last = None;
    while !heard.is_finished() {
        let Ok(found) = block(s.lookup(View::Current, Ino::ROOT, b"file")) else {
            continue;
        };
        if block(s.hold(found.ino)).is_ok() {
            held += 1;
            let now = read(&s, found.ino);
            if !now.is_empty() && now != "content" {
                torn = Some(now);
            }
            if let Some(before) = last.replace(found.ino) {
                block(s.release(before)).unwrap();
            }
        }
    }
    if let Some(before) = last {
        block(s.release(before)).unwrap();
    }
    match torn {
        None => tell("whole"),
        Some(content) => tell(format!("{held} were held, and one was {content}")),
    }
}

fn read(s: &crate::Files, file: Ino) -> String {
    let mut buffer = [0; 64];
    match block(s.read(View::Current, file, 0, &mut buffer, Access::Quiet)) {
        Ok(n) => String::from_utf8_lossy(&buffer[..n]).into_owned(),
        Err(e) => e.kind().code().to_owned(),
    }
}

/// Does what it is told, one word at a time.
fn serve(path: &Path) {
    let (database, s) = open(path);
    let by = me();
    tell("ready");
    while let Some(line) = hear() {
        let (word, name) = line.split_once(' ').unwrap_or((&line, ""));
        let result = block(async {
            match word {
                "create" => drop(
                    s.create(&by, Ino::ROOT, name.as_bytes(), &new(FileKind::File))
                        .await?,
                ),
                "append" => {
                    let file = s.lookup(View::Current, Ino::ROOT, name.as_bytes()).await?.ino;
                    s.write(&by, file, WriteAt::End, b"child", false).await?;
                }
                "read" => {
                    let file = s.lookup(View::Current, Ino::ROOT, name.as_bytes()).await?.ino;
                    tell(read(&s, file));
                    return Ok(());
                }
                "unlink" => drop(s.unlink(&by, Ino::ROOT, name.as_bytes(), Unlink::File).await?),
                "flush" => s.flush().await?,
                "sync" => s.sync().await?,
                "checkpoint" => drop(s.checkpoint(&by, name, None, LaterLayers::Keep).await?),
                "suspend" => database.set_state("default", TenantState::Suspended).await?,
                "gc" => drop(s.gc().await?),
                _ => panic!("there is no word {word}"),
            }
            tell("ok");
            Ok::<_, Error>(())
        });
        if let Err(e) = result {
            tell(e.kind().code());
        }
    }
}

/// Makes the database and its tenant at the same time as others do.
fn make(path: &Path) {
    tell("ready");
    hear();
    let database = crate::make(path);
    match block(database.create_tenant("default", Quota::default())) {
        Ok(_) => tell("made"),
        Err(e) => tell(e.kind().code()),
    }
    let s = block(database.open_tenant("default")).unwrap();
    let name = format!("{}", std::process::id());
    block(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File))).unwrap();
    block(s.sync()).unwrap();
    tell("done");
}
