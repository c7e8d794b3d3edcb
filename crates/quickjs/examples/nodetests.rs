//! Runs tests of Node.js, `test/parallel`, and tells which pass: `nodetests TESTS [--list FILE] [FAMILY...]`.
//!
//! TESTS is the directory `test` of Node's source. All tests share one workspace in memory; each has an engine and a directory for
//! temporary files of its own. A family is the beginning of names: `fs` is `test-fs-*.js` and `test-fs.js`. With one name of a
//! test, what it prints is shown.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
use tarbox_quickjs::{Capability, Entry, Files, Limits, Mount, Options, Outcome, Vm};
use tarbox_store::{Database, Quota};
use tarbox_store_sqlite::{Options as StoreOptions, SqliteDatabase, SqliteStore};

type Failed = Box<dyn std::error::Error>;

const TIMEOUT: Duration = Duration::from_secs(20);
const STACK: usize = 64 << 20;

fn main() -> Result<(), Failed> {
    let mut args = std::env::args().skip(1);
    let tests = args
        .next()
        .ok_or("usage: nodetests TESTS [--list FILE] [FAMILY...]")?;
    let tests = Path::new(&tests);
    let mut families: Vec<String> = args.collect();
    let mut list = None;
    if families.first().is_some_and(|first| first == "--list") {
        list = Some(fs::File::create(families.get(1).ok_or("a file is needed")?)?);
        families.drain(..2);
    }
    let database = SqliteDatabase::in_memory(&StoreOptions::new())?;
    blocking(database.create_tenant("default", Quota::default()))?;
    let workspace = Arc::new(blocking(Fs::open_tenant(&database, "default"))?);
    let me = Credentials::root("nodetests");
    for part in ["common", "fixtures"] {
        bring(&workspace, &me, &tests.join(part), &format!("/test/{part}"))?;
    }
    let names = names(tests, &families)?;
    for name in &names {
        let source = fs::read(tests.join("parallel").join(name))?;
        blocking(workspace.create_dir_all(&me, "/test/parallel"))?;
        blocking(workspace.write_file(&me, &format!("/test/parallel/{name}"), &source))?;
    }
    let mut shares: BTreeMap<String, (u32, u32, u32)> = BTreeMap::new();
    for name in &names {
        let source = fs::read_to_string(tests.join("parallel").join(name)).unwrap_or_default();
        let (result, text) = run(&workspace, name, &source);
        let family = family_of(name, &families);
        let (passed, skipped, failed) = shares.entry(family).or_default();
        let word = match result {
            Some(0) if text.contains("1..0 # Skipped") => {
                *skipped += 1;
                "skipped"
            }
            Some(0) => {
                *passed += 1;
                "passed"
            }
            _ => {
                *failed += 1;
                "FAILED"
            }
        };
        if names.len() == 1 {
            print!("{text}");
        }
        let reason = text
            .lines()
            .find(|line| line.contains("Error") || line.contains("Mismatched"))
            .unwrap_or_else(|| text.lines().next().unwrap_or(""));
        let line = if word == "FAILED" {
            format!("{word} {name}: {reason}")
        } else {
            format!("{word} {name}")
        };
        println!("{line}");
        if let Some(list) = &mut list {
            writeln!(list, "{line}")?;
        }
    }
    let (mut all_passed, mut all_run) = (0, 0);
    for (family, (passed, skipped, failed)) in &shares {
        println!(
            "{family:16} {passed:4} of {:4} ({skipped} say that they do not apply)",
            passed + failed
        );
        all_passed += passed;
        all_run += passed + failed;
    }
    println!("{:16} {all_passed:4} of {all_run:4}", "all");
    Ok(())
}

/// Names of the tests that belong to the families.
fn names(tests: &Path, families: &[String]) -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for entry in fs::read_dir(tests.join("parallel"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_test = name.starts_with("test-") && (name.ends_with(".js") || name.ends_with(".mjs"));
        if is_test && families.iter().any(|family| belongs(&name, family)) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn belongs(name: &str, family: &str) -> bool {
    let rest = name
        .strip_prefix("test-")
        .and_then(|name| name.strip_prefix(family));
    name == family || rest.is_some_and(|rest| rest.starts_with(['-', '.']))
}

fn family_of(name: &str, families: &[String]) -> String {
    let found = families
        .iter()
        .filter(|family| belongs(name, family))
        .max_by_key(|family| family.len());
    found.cloned().unwrap_or_default()
}

/// Copies a directory of the host into the workspace.
fn bring(fs: &Fs<SqliteStore>, who: &Credentials, from: &Path, to: &str) -> Result<(), Failed> {
    blocking(fs.create_dir_all(who, to))?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = format!("{to}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !["wpt", "wasi", "keys", "postject-copy", "v8"]
                .iter()
                .any(|name| target.ends_with(name))
            {
                bring(fs, who, &entry.path(), &target)?;
            }
        } else if kind.is_file() && entry.metadata()?.len() < 4 << 20 {
            blocking(fs.write_file(who, &target, &std::fs::read(entry.path())?))?;
        } else if kind.is_symlink() {
            let says = std::fs::read_link(entry.path())?;
            blocking(fs.symlink_path(who, says.as_os_str().as_encoded_bytes(), &target))?;
        }
    }
    Ok(())
}

/// The exit code of a test, if it came to an end, and what it printed.
fn run(fs: &Arc<Fs<SqliteStore>>, name: &str, source: &str) -> (Option<i32>, String) {
    let output = Output::default();
    let (sender, receiver) = channel();
    let (files, path, text): (Arc<dyn Files>, _, _) =
        (fs.clone(), format!("/test/parallel/{name}"), output.clone());
    let flags: Vec<String> = source
        .lines()
        .filter_map(|line| line.strip_prefix("// Flags:"))
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    let scratch = format!("/scratch/{name}");
    let _ = blocking(fs.create_dir_all(&Credentials::root("nodetests"), &scratch));
    let test = move || {
        let me = Credentials::root("nodetests");
        let Ok(root) = Mount::new(files, &me, b"/", b"/", Capability::ReadWrite) else {
            return;
        };
        let mut options = Options::new(vec![root], me);
        options.cwd = "/".into();
        options.exec_args = flags;
        options.env = vec![("NODE_TEST_DIR".into(), scratch), ("PATH".into(), "/bin".into())];
        options.limits = Limits {
            timeout: Some(TIMEOUT),
            memory: 1 << 30,
            stack: 8 << 20,
            ..Limits::default()
        };
        options.output = Box::new(text.clone());
        options.errors = Box::new(text);
        let outcome = Vm::new(options).map(|mut vm| vm.run(&Entry::File(path)));
        let _ = sender.send(outcome.map_or(Some(1), |outcome| match outcome {
            Outcome::Ended(code) => Some(code),
            Outcome::Died(_) => None,
        }));
    };
    let started = std::thread::Builder::new().stack_size(STACK).spawn(test);
    let code = match started {
        Ok(_) => receiver.recv_timeout(TIMEOUT * 2).unwrap_or(None),
        Err(_) => None,
    };
    let text = output
        .0
        .lock()
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .unwrap_or_default();
    let text = if code.is_none() {
        format!("Error: it did not end\n{text}")
    } else {
        text
    };
    (code, text)
}

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(mut all) = self.0.lock()
            && all.len() < 1 << 20
        {
            all.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
