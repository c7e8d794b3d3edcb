//! What was compiled is kept, and makes no difference but in time.

use std::fs;
use std::path::{Path, PathBuf};

use tarbox_quickjs::Bytecode;

use crate::support::Workspace;

const PROGRAM: &str = r#"
const { double } = require('./lib.js')
import('./module.mjs').then((m) => console.log(m.default, m.where(), m.named))
console.log(double(21), double.toString())
try { require('./lib.js').fail() } catch (error) { console.log(error.stack.split('\n').slice(0, 2).join('|')) }
"#;
const LIBRARY: &str = "exports.double = function double(n) {\n  return n * 2 // twice\n}\nexports.fail = () => {\n  throw new TypeError('no')\n}\n";
const MODULE: &str = "import data from './data.json' with { type: 'json' }\nimport { named } from './other.mjs'\nexport { named }\nexport default data.n\nexport const where = () => new Error('x').stack.split('\\n')[1].trim()\n";
const OTHER: &str = "export const named = `template ${1n + 2n} ${/a+/u.source}`\n";

/// Runs it with what is kept in `dir`; what it printed.
fn run(dir: &Path, files: &[(&str, &str)]) -> String {
    let mut workspace = Workspace::new();
    for (name, text) in files {
        workspace.write(name, text);
    }
    workspace.bytecode = Some(Bytecode::at(dir, b"main"));
    workspace.run_file("/main.js").text().to_owned()
}

const FILES: [(&str, &str); 5] = [
    ("/main.js", PROGRAM),
    ("/lib.js", LIBRARY),
    ("/module.mjs", MODULE),
    ("/other.mjs", OTHER),
    ("/data.json", r#"{"n":7}"#),
];

/// The one file in the directory.
fn pack(dir: &Path) -> PathBuf {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
#[cfg(target_os = "linux")]
fn a_script_that_was_kept_is_the_same() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("cache");
    let first = run(&dir, &FILES);
    assert!(
        first.contains("42 function double(n) {\n  return n * 2 // twice\n}"),
        "{first}"
    );
    assert!(
        first.contains("at fail (/lib.js:5:") || first.contains("/lib.js:5:"),
        "{first}"
    );
    assert!(first.contains("template 3 a+"), "{first}");
    let written = fs::read(pack(&dir)).unwrap();
    let again = run(&dir, &FILES);
    assert_eq!(first, again);
    assert_eq!(
        written,
        fs::read(pack(&dir)).unwrap(),
        "nothing was compiled the second time"
    );

    // Another source of the same name is compiled.
    let mut changed = FILES;
    changed[1].1 = "exports.double = (n) => n * 3; exports.fail = () => { throw 'x' }; // fail\n";
    changed[0].1 = "console.log(require('./lib.js').double(21))";
    assert_eq!(run(&dir, &changed), "63\n");
    assert_eq!(run(&dir, &FILES), first);
}

#[test]
#[cfg(target_os = "linux")]
fn damage_and_other_programs_are_as_good_as_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("cache");
    let expected = run(&dir, &FILES);
    let whole = fs::read(pack(&dir)).unwrap();
    let mut changes: Vec<Vec<u8>> = vec![
        Vec::new(),
        whole[..20].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        vec![0xff; 4096],
    ];
    for at in [0, 10, 45, 75, 100, whole.len() / 2, whole.len() - 5] {
        let mut changed = whole.clone();
        changed[at] ^= 0x40;
        changes.push(changed);
    }
    // Whole, and of another program.
    let mut foreign = whole.clone();
    foreign[8] ^= 1;
    let content = foreign.len() - 32;
    let hash = blake3::hash(&foreign[..content]);
    foreign[content..].copy_from_slice(hash.as_bytes());
    changes.push(foreign);
    for changed in changes {
        fs::write(pack(&dir), &changed).unwrap();
        assert_eq!(run(&dir, &FILES), expected);
        // It was written anew. The order of its pieces is any.
        assert_eq!(fs::read(pack(&dir)).unwrap().len(), whole.len());
    }
}
