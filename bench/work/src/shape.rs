//! How much data a run uses.

use std::str::FromStr;

use crate::{Error, Result};

/// Sizes of the work. Both sides of a comparison get the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Directories of the tree of small files.
    pub dirs: usize,
    /// Files in each of them.
    pub files_per_dir: usize,
    /// Bytes of each small file.
    pub file_bytes: usize,
    /// Files made with an `fsync` each.
    pub synced: usize,
    /// Random rewrites of 4 KiB.
    pub rewrites: usize,
    /// Size of the file they go to, in MiB.
    pub rewritten_mib: usize,
    /// Size of the file written and read in sequence, in MiB; its pieces are 1 MiB.
    pub large_mib: usize,
}

impl Shape {
    /// What the published figures are measured with.
    pub const FULL: Self = Self {
        dirs: 100,
        files_per_dir: 100,
        file_bytes: 1024,
        synced: 2_000,
        rewrites: 10_000,
        rewritten_mib: 64,
        large_mib: 256,
    };

    /// Enough to see that everything works.
    pub const QUICK: Self = Self {
        dirs: 20,
        synced: 200,
        rewrites: 2_000,
        large_mib: 64,
        ..Self::FULL
    };

    /// Number of small files.
    pub fn files(&self) -> usize {
        self.dirs * self.files_per_dir
    }

    /// A tenth of the operations on small files and pages; the large file is what it was.
    pub fn tenth(&self) -> Self {
        Self {
            dirs: self.dirs.div_ceil(10),
            synced: self.synced.div_ceil(10),
            rewrites: self.rewrites.div_ceil(10),
            ..*self
        }
    }

    /// The fields in order, for [`from_str`](Self::from_str) in the other process.
    pub fn to_line(&self) -> String {
        let Self {
            dirs,
            files_per_dir,
            file_bytes,
            synced,
            rewrites,
            rewritten_mib,
            large_mib,
        } = self;
        format!("{dirs},{files_per_dir},{file_bytes},{synced},{rewrites},{rewritten_mib},{large_mib}")
    }
}

impl FromStr for Shape {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let numbers: Vec<usize> = line.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let [
            dirs,
            files_per_dir,
            file_bytes,
            synced,
            rewrites,
            rewritten_mib,
            large_mib,
        ] = numbers[..]
        else {
            return Err(format!("a shape has 7 numbers, not `{line}`").into());
        };
        Ok(Self {
            dirs,
            files_per_dir,
            file_bytes,
            synced,
            rewrites,
            rewritten_mib,
            large_mib,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_survives_the_way_to_the_other_process() {
        assert_eq!(Shape::QUICK.to_line().parse::<Shape>().unwrap(), Shape::QUICK);
        assert!("1,2".parse::<Shape>().is_err());
    }
}
