//! A tree like a project's sources: many small files, a few large ones, in nested directories.

use std::fs;
use std::path::Path;

use tarbox_bench_work::{Content, Random, Result};

const FILES_PER_DIR: usize = 12;
/// Sizes in bytes at the percentiles 0, 10, 25, 50, 75, 90, 99 and 100, as the sources of a few hundred packages have
/// them; between two of them a size is as likely as any other.
const SIZES: [(f64, f64); 8] = [
    (0.0, 40.0),
    (0.10, 400.0),
    (0.25, 1_200.0),
    (0.50, 3_600.0),
    (0.75, 10_500.0),
    (0.90, 27_000.0),
    (0.99, 150_000.0),
    (1.0, 1_200_000.0),
];

/// Makes it on the host, the same one every time, and answers how many bytes it holds.
///
/// # Errors
/// Those of the host.
pub(crate) fn make(at: &Path, files: usize) -> Result<u64> {
    let mut random = Random::new(7);
    let mut bytes = 0;
    for file in 0..files {
        let dir = at.join(dir_of(file / FILES_PER_DIR));
        if file % FILES_PER_DIR == 0 {
            fs::create_dir_all(&dir)?;
        }
        let size = size_at(random.below(1 << 30) as f64 / f64::from(1 << 30));
        fs::write(
            dir.join(format!("module_{file:05}.rs")),
            Content::new(size, file as u64 + 1).piece(),
        )?;
        bytes += size as u64;
    }
    Ok(bytes)
}

/// Directories nest: each is below the one that a quarter of its number names.
fn dir_of(dir: usize) -> String {
    match dir {
        0 => "src".to_owned(),
        n => format!("{}/part_{n:03}", dir_of(n / 4)),
    }
}

fn size_at(percentile: f64) -> usize {
    let above = SIZES
        .iter()
        .position(|(p, _)| *p >= percentile)
        .unwrap_or(0)
        .max(1);
    let ((p0, s0), (p1, s1)) = (SIZES[above - 1], SIZES[above]);
    (s0 + (s1 - s0) * (percentile - p0) / (p1 - p0)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_with_the_percentile() {
        assert_eq!(size_at(0.0), 40);
        assert_eq!(size_at(0.5), 3_600);
        assert_eq!(size_at(1.0), 1_200_000);
    }

    #[test]
    fn a_tree_is_the_same_every_time() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let bytes = make(a.path(), 50).unwrap();
        assert_eq!(bytes, make(b.path(), 50).unwrap());
        let file = "src/part_001/module_00012.rs";
        assert_eq!(
            fs::read(a.path().join(file)).unwrap(),
            fs::read(b.path().join(file)).unwrap()
        );
    }
}
