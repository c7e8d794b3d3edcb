//! The whole of it.

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, blocking};
use tarbox_store::{Error, ErrorKind, Result};

use crate::fetch::Fetcher;
use crate::lock::{LOCK_MAX, Lock};
use crate::plan::{Package, Plan, What};
use crate::tarball::{File, unpack};
use crate::writer::Writer;
use crate::{Installed, Options, Told};

/// Puts what `package-lock.json` in the directory `dir` of the workspace names into its `node_modules`, in place of what is there.
///
/// # Errors
/// `Invalid` for a lock that makes no sense, that does not fit `package.json`, or that means harm, and for tarballs that do; `Corrupt`
/// for one whose hash is another; what the network and the workspace have to say. `node_modules` is as it was then.
pub fn install<F: FilesystemInterface>(
    (fs, who): (&F, &Credentials),
    dir: &str,
    options: &Options,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<Installed> {
    let dir = dir.trim_end_matches('/');
    let read = |name: &str| read(fs, who, &format!("{dir}/{name}"));
    let path = format!("{dir}/package-lock.json");
    let lock = Lock::parse(&read("package-lock.json")?, &read("package.json")?)
        .map_err(|error| error.about(&path))?;
    let plan = Plan::new(&lock, options)?;
    let mut run = Run {
        writer: Writer::new(fs, who, dir),
        installed: Installed {
            left_out: plan.left_out.len() as u64,
            ..Installed::default()
        },
        tell,
    };
    for (package, reason) in &plan.left_out {
        (run.tell)(Told::LeftOut(package, reason));
    }
    match run.everything(&plan.packages, options, read) {
        Ok(()) => {}
        Err(error) => {
            run.writer.abandon();
            return Err(error);
        }
    }
    run.writer.finish()?;
    Ok(run.installed)
}

fn read<F: FilesystemInterface>(fs: &F, who: &Credentials, path: &str) -> Result<Vec<u8>> {
    let attr = blocking(fs.stat(who, path)).map_err(|error| error.about(path))?;
    if attr.size > LOCK_MAX as u64 {
        return Err(Error::new(ErrorKind::FileTooLarge).about(path));
    }
    blocking(fs.read_file(who, path)).map_err(|error| error.about(path))
}

struct Run<'a, 'f, 't, F> {
    writer: Writer<'f, F>,
    installed: Installed,
    tell: &'a mut (dyn FnMut(Told<'_>) + 't),
}

impl<F: FilesystemInterface> Run<'_, '_, '_, F> {
    fn everything(
        &mut self,
        packages: &[Package],
        options: &Options,
        read: impl Fn(&str) -> Result<Vec<u8>>,
    ) -> Result<()> {
        (self.tell)(Told::Planned(packages.len() as u64));
        // A project without dependencies has an empty directory.
        self.writer.begin("")?;
        let mut remote = Vec::new();
        for (index, package) in packages.iter().enumerate() {
            self.writer.begin(&package.project)?;
            match &package.what {
                What::Remote(url, integrity) => remote.push((index, url.clone(), integrity.clone())),
                What::Link(target) => {
                    self.writer.link(package, target)?;
                    self.took(0, 0);
                }
                What::Local(file, integrity) => {
                    let files = read(file).and_then(|bytes| match integrity {
                        Some(integrity) if !integrity.fits(&bytes) => Err(Error::new(ErrorKind::Corrupt)
                            .because("its hash is not the one that the lock says")),
                        _ => unpack(&bytes),
                    });
                    self.put(&[package], files)?;
                }
            }
        }
        let mut missing = remote.len();
        let fetcher = Fetcher::new(options)?;
        for come in fetcher.begin(remote, options.parallel) {
            self.installed.fetched += u64::from(come.fetched && come.files.is_ok());
            let of: Vec<&Package> = come
                .indices
                .iter()
                .filter_map(|index| packages.get(*index))
                .collect();
            self.put(&of, come.files)?;
            missing -= of.len();
        }
        if missing > 0 {
            return Err(Error::new(ErrorKind::Io).because("not everything has come"));
        }
        // Which of two commands of one name there is must not depend on what came first.
        for package in packages {
            self.installed.commands += self.writer.commands(package)?;
        }
        Ok(())
    }

    /// Writes packages that have the same files. Optional ones may be missing; what is not what it is said to be is never passed over.
    fn put(&mut self, packages: &[&Package], files: Result<Vec<File>>) -> Result<()> {
        let name = packages.first().map_or("", |package| package.name());
        let files = match files {
            Ok(files) => files,
            Err(error) => {
                let harms = matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Invalid);
                if harms || !packages.iter().all(|package| package.optional) {
                    return Err(error.about(name));
                }
                for package in packages {
                    self.installed.left_out += 1;
                    (self.tell)(Told::LeftOut(&package.path, &error.to_string()));
                }
                return Ok(());
            }
        };
        for package in packages {
            let bytes = self
                .writer
                .package(package, &files)
                .map_err(|error| error.about(name))?;
            self.took(files.len() as u64, bytes);
        }
        Ok(())
    }

    fn took(&mut self, files: u64, bytes: u64) {
        self.installed.packages += 1;
        self.installed.files += files;
        self.installed.bytes += bytes;
        (self.tell)(Told::Installed(bytes));
    }
}
