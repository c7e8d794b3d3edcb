//! Directories that will be `node_modules`, until everything is in them.

use std::collections::{BTreeMap, BTreeSet};

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Follow, OpenFlags, blocking};
use tarbox_store::{Error, ErrorKind, RenameMode, Result, SetAttr, WriteAt};

use crate::plan::{Package, What, last};
use crate::tarball::File;

/// What is being made; removed by the next run, should this one not come to its end.
const NEW: &str = ".node_modules-new";

pub(crate) struct Writer<'a, F> {
    fs: &'a F,
    who: Credentials,
    /// The directory of the lock, without a slash at its end.
    root: String,
    /// Directories that are known to be there.
    dirs: BTreeSet<String>,
    /// The directories of each `node_modules`, as packages name them.
    projects: BTreeSet<String>,
    /// Which package has a command.
    commands: BTreeMap<String, String>,
}

impl<'a, F: FilesystemInterface> Writer<'a, F> {
    pub(crate) fn new(fs: &'a F, who: &Credentials, root: &str) -> Self {
        Self {
            fs,
            who: who.clone().with_umask(0o022),
            root: root.trim_end_matches('/').to_owned(),
            dirs: BTreeSet::new(),
            projects: BTreeSet::new(),
            commands: BTreeMap::new(),
        }
    }

    /// Makes an empty directory beside the `node_modules` of a project, unless that was done.
    ///
    /// # Errors
    /// Why that is not possible.
    pub(crate) fn begin(&mut self, project: &str) -> Result<()> {
        if !self.projects.insert(project.to_owned()) {
            return Ok(());
        }
        let new = self.new_place(project);
        self.remove(&new)?;
        blocking(self.fs.create_dir(&self.who, &new)).map(drop)
    }

    fn new_place(&self, project: &str) -> String {
        format!("{}/{project}{NEW}", self.root)
    }

    fn place(&self, package: &Package) -> String {
        format!("{}/{}", self.new_place(&package.project), package.path)
    }

    fn remove(&self, path: &str) -> Result<()> {
        match blocking(self.fs.remove_dir_all(&self.who, path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn dir(&mut self, path: &str) -> Result<()> {
        if !self.dirs.contains(path) {
            blocking(self.fs.create_dir_all(&self.who, path))?;
            self.dirs.insert(path.to_owned());
        }
        Ok(())
    }

    /// Writes the files of a package. Answers the bytes in them.
    ///
    /// # Errors
    /// Why one cannot be written.
    pub(crate) fn package(&mut self, package: &Package, files: &[File]) -> Result<u64> {
        let place = self.place(package);
        self.dir(&place)?;
        for file in files {
            let path = format!("{place}/{}", file.path);
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            self.dir(parent)?;
            self.file(&path, file)?;
        }
        Ok(files.iter().map(|file| file.content.len() as u64).sum())
    }

    fn file(&self, path: &str, file: &File) -> Result<()> {
        let mode = if file.executable { 0o777 } else { 0o666 };
        let how = OpenFlags::WRITE.truncated().not_following();
        let (_, handle) = blocking(self.fs.open_path(&self.who, path, how, Some(mode)))?;
        let written = match file.content.is_empty() {
            true => Ok(()),
            false => blocking(self.fs.write(handle, WriteAt::Offset(0), &file.content)).map(drop),
        };
        let closed = blocking(self.fs.release(handle));
        written.and(closed)
    }

    /// Makes a package that is a link.
    ///
    /// # Errors
    /// Why that is not possible.
    pub(crate) fn link(&mut self, package: &Package, target: &str) -> Result<()> {
        let place = self.place(package);
        let parent = place.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.dir(parent)?;
        blocking(self.fs.symlink_path(&self.who, target.as_bytes(), &place)).map(drop)
    }

    /// Makes the commands of a package, once its files are there. Of two of the same name the first one stays. Answers how many were
    /// made.
    ///
    /// # Errors
    /// Why that is not possible.
    pub(crate) fn commands(&mut self, package: &Package) -> Result<u64> {
        let (before, name) = last(&package.path);
        let bin = format!("{}/{before}.bin", self.new_place(&package.project));
        let mut made = 0;
        for (command, file) in &package.commands {
            let target = format!("{}/{file}", self.place(package));
            let attr = match blocking(self.fs.resolve(&self.who, &target, Follow::No)) {
                Ok(attr) if attr.is_file() => attr,
                // A package may name a file that it does not have; npm makes nothing of it, too.
                Ok(_) => continue,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let link = format!("{bin}/{command}");
            if self.commands.contains_key(&link) {
                continue;
            }
            // What a link leads to is none of a package's files.
            if !matches!(package.what, What::Link(_)) {
                let set = SetAttr {
                    mode: Some(attr.mode | 0o111),
                    ..SetAttr::default()
                };
                blocking(self.fs.set_attr(&self.who, &target, &set, Follow::No))?;
            }
            self.dir(&bin)?;
            let says = format!("../{name}/{file}");
            blocking(self.fs.symlink_path(&self.who, says.as_bytes(), &link))?;
            self.commands.insert(link, package.path.clone());
            made += 1;
        }
        Ok(made)
    }

    /// Puts each new directory in the place of the old one.
    ///
    /// # Errors
    /// Why that is not possible.
    pub(crate) fn finish(self) -> Result<()> {
        for project in &self.projects {
            let new = self.new_place(project);
            let old = format!("{}/{project}node_modules", self.root);
            let moved = blocking(self.fs.rename_path(&self.who, &new, &old, RenameMode::Exchange));
            match moved {
                Ok(()) => self.remove(&new)?,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    blocking(self.fs.rename_path(&self.who, &new, &old, RenameMode::NoReplace))?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes what was made.
    pub(crate) fn abandon(&self) {
        for project in &self.projects {
            // The reason of the failure matters more.
            let _: Result<(), Error> = self.remove(&self.new_place(project));
        }
    }
}
