//! Runs a script of the host on an empty workspace in memory: `cargo run -p tarbox-quickjs --example js -- FILE [ARGS]`.
//!
//! The script is copied into the workspace first, and standard streams are the process's. With `--bytecode DIR` before FILE, what was
//! compiled is kept in that directory.

use std::sync::Arc;

use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
use tarbox_quickjs::{Bytecode, Capability, Entry, Files, Mount, Options, Vm};
use tarbox_store::{Database, Quota};
use tarbox_store_sqlite::{Options as StoreOptions, SqliteDatabase};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: js [--bytecode DIR] FILE [ARGS]";
    let mut file = args.next().ok_or(usage)?;
    let mut bytecode = None;
    if file == "--bytecode" {
        bytecode = Some(Bytecode::at(args.next().ok_or(usage)?, b"example"));
        file = args.next().ok_or(usage)?;
    }
    let source = std::fs::read(&file)?;
    let name = std::path::Path::new(&file)
        .file_name()
        .ok_or("a file is needed")?
        .to_string_lossy()
        .into_owned();

    let database = SqliteDatabase::in_memory(&StoreOptions::new())?;
    blocking(database.create_tenant("default", Quota::default()))?;
    let fs = Arc::new(blocking(Fs::open_tenant(&database, "default"))?);
    let me = Credentials::root("js");
    let path = format!("/{name}");
    blocking(fs.write_file(&me, &path, &source))?;
    blocking(fs.create_dir_all(&me, "/tmp"))?;

    let files: Arc<dyn Files> = fs;
    let rest = args.collect();
    let run = move || {
        let root = Mount::new(files, &me, b"/", b"/", Capability::ReadWrite).map_err(|e| e.to_string())?;
        let mut options = Options::new(vec![root], me);
        options.args = rest;
        options.bytecode = bytecode;
        options.output = Box::new(std::io::stdout());
        options.errors = Box::new(std::io::stderr());
        options.input = Box::new(std::io::stdin());
        let mut vm = Vm::new(options).map_err(|e| e.to_string())?;
        Ok::<_, String>(vm.run(&Entry::File(path)).exit_code())
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(run)?;
    let code = thread.join().map_err(|_| "the engine has panicked")??;
    std::process::exit(code);
}
