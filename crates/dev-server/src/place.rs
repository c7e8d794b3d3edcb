//! Where a path of a URL leads.

use std::io;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// What a path leads to. Symbolic links are resolved, and it lies in the directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    /// A directory to be listed.
    Directory(PathBuf),
    /// A directory named without the slash that relative links in it need.
    NoSlash,
}

/// Finds what a path leads to.
///
/// # Errors
/// `NotFound` for everything that is not there, leads out of the directory, or is no path: none of it is told apart.
pub(crate) async fn find(root: &Path, url_path: &str) -> io::Result<Place> {
    let missing = || io::Error::from(io::ErrorKind::NotFound);
    let decoded = percent_decode_str(url_path)
        .decode_utf8()
        .map_err(|_| missing())?;
    let mut path = root.to_owned();
    for part in decoded.split('/') {
        match part {
            "" | "." => (),
            // A part with a separator of another system in it, a drive or a stream could lead anywhere there.
            ".." => return Err(missing()),
            part if part.contains(['\\', '\0']) || (cfg!(windows) && part.contains(':')) => {
                return Err(missing());
            }
            part => path.push(part),
        }
    }
    let real = tokio::fs::canonicalize(&path).await?;
    if !real.starts_with(root) {
        return Err(missing());
    }
    if !tokio::fs::metadata(&real).await?.is_dir() {
        return if decoded.ends_with('/') {
            Err(missing())
        } else {
            Ok(Place::File(real))
        };
    }
    if !decoded.ends_with('/') {
        return Ok(Place::NoSlash);
    }
    // The index may be a link of its own.
    match tokio::fs::canonicalize(real.join("index.html")).await {
        Ok(index) if index.starts_with(root) && index.is_file() => Ok(Place::File(index)),
        _ => Ok(Place::Directory(real)),
    }
}
