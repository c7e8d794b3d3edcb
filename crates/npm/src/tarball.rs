//! A tarball as files in memory. Nothing in it is trusted.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tarbox_store::{Error, ErrorKind, Result};
use tarbox_tar::{Kind, Member, Problem, Reader, Severity, Step};

/// The most that one package may have: bytes in files, and files.
const BYTES_MAX: u64 = 1 << 30;
const FILES_MAX: usize = 200_000;

/// A file of a package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Below the package: names with slashes in between, none of them odd.
    pub(crate) path: String,
    pub(crate) executable: bool,
    pub(crate) content: Vec<u8>,
}

/// The files of a tarball, whose first directory is the package, however it is called.
///
/// # Errors
/// `Invalid` for what is no such archive, for links and other things that are no files, for paths that lead out of the package, and for
/// what is too large.
pub(crate) fn unpack(tarball: &[u8]) -> Result<Vec<File>> {
    let mut reader = Reader::new();
    let mut files = Files::default();
    let mut input: Box<dyn Read + '_> = match tarball.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(MultiGzDecoder::new(tarball)),
        false => Box::new(tarball),
    };
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = match input.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(invalid(format!("the tarball is damaged: {error}"))),
        };
        let mut rest = &piece[..count];
        loop {
            match reader.step(&mut rest) {
                Step::More => break,
                Step::End => return Ok(files.whole),
                Step::Member(member) => files.begin(&member)?,
                Step::Data { offset, len } => {
                    files.data(offset, &rest[..len])?;
                    reader.took(&mut rest, len);
                }
                Step::EndFile => files.end(),
                Step::Problem(problem) => refuse(problem)?,
            }
        }
    }
    reader.finish().map_or(Ok(()), refuse)?;
    Ok(files.whole)
}

fn invalid(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid).because(why)
}

fn refuse(problem: Problem) -> Result<()> {
    match problem.severity {
        Severity::Note => Ok(()),
        _ => Err(invalid(format!("the tarball is damaged: {problem}"))),
    }
}

#[derive(Default)]
struct Files {
    whole: Vec<File>,
    open: Option<File>,
    bytes: u64,
}

impl Files {
    fn begin(&mut self, member: &Member) -> Result<()> {
        let shown = || String::from_utf8_lossy(&member.path).into_owned();
        match member.kind {
            Kind::File => {}
            Kind::Directory => return Ok(()),
            _ => {
                return Err(invalid(format!(
                    "its tarball holds a link or a device: {:?}",
                    shown()
                )));
            }
        }
        let path = below(&member.path)
            .ok_or_else(|| invalid(format!("its tarball names a place outside of it: {:?}", shown())))?;
        // A hole costs an archive nothing.
        self.bytes = self.bytes.saturating_add(member.size);
        if self.bytes > BYTES_MAX || self.whole.len() >= FILES_MAX {
            return Err(invalid(
                "it is larger than a package may be: 1 GiB, 200,000 files",
            ));
        }
        self.open = (!path.is_empty()).then(|| File {
            path,
            executable: member.mode & 0o111 != 0,
            content: Vec::new(),
        });
        Ok(())
    }

    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let Some(file) = &mut self.open else {
            return Ok(());
        };
        let end = offset.saturating_add(bytes.len() as u64);
        if end > BYTES_MAX {
            return Err(invalid("it is larger than a package may be: 1 GiB"));
        }
        file.content.resize(offset as usize, 0);
        file.content.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) {
        self.whole.extend(self.open.take());
    }
}

/// The path without its first name; empty if there is no other. Nothing for one that is odd.
fn below(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let names: Vec<&str> = path.split('/').filter(|name| *name != ".").collect();
    let odd = |name: &&str| matches!(*name, "" | "..") || name.contains(['\0', '\\']);
    (!names.iter().any(odd)).then(|| names.get(1..).unwrap_or_default().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_package() {
        for (path, below_it) in [
            ("package/a.js", Some("a.js")),
            ("anything/lib/./b.js", Some("lib/b.js")),
            ("./package/a.js", Some("a.js")),
            ("package.json", Some("")),
            ("/etc/passwd", None),
            ("package/../a", None),
            ("../package/a", None),
            ("package//a", None),
            ("package/a\\..\\b", None),
            ("./../a", None),
        ] {
            assert_eq!(below(path.as_bytes()).as_deref(), below_it, "{path}");
        }
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        for bytes in [&b""[..], b"hello", &[0x1f, 0x8b, 8, 0], &[0xff; 2000]] {
            assert_eq!(unpack(bytes).unwrap_err().kind(), ErrorKind::Invalid);
        }
    }
}
