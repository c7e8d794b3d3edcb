//! The loops, and their clock.

use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::content::{Content, Random};
use crate::{Error, Files, Result, Shape};

/// Bytes of a piece of the large file.
const PIECE: usize = 1 << 20;
/// Bytes of a rewrite.
const PAGE: usize = 4096;
const LARGE: &str = "large/file";
const REWRITTEN: &str = "large/rewritten";

/// One kind of work. Those on small files go in the order of their declaration: each needs what the one before left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// Make every directory that is used; once, before all else.
    Prepare,
    /// Make every small file with its content.
    Create,
    /// Ask for the attributes of each, in another order.
    Stat,
    /// List the names in each directory.
    List,
    /// List each directory with the attributes of its files.
    ListLong,
    /// Read each, in another order.
    Read,
    /// Remove each.
    Delete,
    /// Make files that are on the device one by one.
    CreateSynced,
    /// Remove those; not measured.
    DeleteSynced,
    /// Write the file that [`Rewrite`](Self::Rewrite) needs; not measured.
    PrepareRewrite,
    /// Write 4 KiB at random places, at multiples of 4 KiB, of one file.
    Rewrite,
    /// Write a large file in pieces of 1 MiB.
    SeqWrite,
    /// Read it in pieces of 1 MiB.
    SeqRead,
    /// End what goes on in the background; one operation.
    Settle,
}

const NAMES: [(Work, &str); 14] = [
    (Work::Prepare, "prepare"),
    (Work::Create, "create"),
    (Work::Stat, "stat"),
    (Work::List, "list"),
    (Work::ListLong, "list-long"),
    (Work::Read, "read"),
    (Work::Delete, "delete"),
    (Work::CreateSynced, "create-synced"),
    (Work::DeleteSynced, "delete-synced"),
    (Work::PrepareRewrite, "prepare-rewrite"),
    (Work::Rewrite, "rewrite"),
    (Work::SeqWrite, "seq-write"),
    (Work::SeqRead, "seq-read"),
    (Work::Settle, "settle"),
];

impl Work {
    /// Its name, for [`from_str`](Self::from_str) in the other process.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(work, _)| *work == self)
            .map_or("", |(_, name)| name)
    }

    /// Whether it leaves something to commit.
    pub fn changes(self) -> bool {
        !matches!(
            self,
            Self::Stat | Self::List | Self::ListLong | Self::Read | Self::SeqRead | Self::Settle
        )
    }
}

impl FromStr for Work {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = NAMES.iter().find(|(_, n)| *n == name).map(|(work, _)| *work);
        found.ok_or_else(|| format!("there is no work `{name}`").into())
    }
}

/// What one run of one work took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// All operations together.
    pub elapsed: Duration,
    /// How many they were.
    pub operations: usize,
}

impl Sample {
    /// Microseconds for each operation.
    pub fn micros(&self) -> f64 {
        self.elapsed.as_secs_f64() * 1e6 / self.operations.max(1) as f64
    }
}

/// Does one work. `round` varies content and order, the same way for every rival.
///
/// # Errors
/// Those of the adapter, and an answer that is not the expected one: a fast wrong answer is no result.
pub async fn run<F: Files>(files: &mut F, work: Work, shape: &Shape, round: u64) -> Result<Sample> {
    let paths = paths_for(work, shape, round);
    let mut content = Content::new(content_bytes(work, shape), (round << 8) + work as u64 + 1);
    let mut buffer = vec![0; PIECE];
    let start = Instant::now();
    let operations = match work {
        Work::Prepare => prepare(files, shape).await?,
        Work::Create => {
            for path in &paths {
                files.create(path, content.piece()).await?;
            }
            paths.len()
        }
        Work::CreateSynced => {
            for path in &paths {
                files.create_synced(path, content.piece()).await?;
            }
            paths.len()
        }
        Work::Stat => {
            for path in &paths {
                expect(path, shape.file_bytes as u64, files.stat(path).await?)?;
            }
            paths.len()
        }
        Work::List => {
            for path in &paths {
                expect(path, shape.files_per_dir as u64, files.list(path).await? as u64)?;
            }
            paths.len()
        }
        Work::ListLong => {
            let expected = (shape.files_per_dir * shape.file_bytes) as u64;
            for path in &paths {
                expect(path, expected, files.list_long(path).await?)?;
            }
            paths.len()
        }
        Work::Read => {
            for path in &paths {
                let read = files.read(path, &mut buffer).await?;
                expect(path, shape.file_bytes as u64, read as u64)?;
            }
            paths.len()
        }
        Work::Delete | Work::DeleteSynced => {
            for path in &paths {
                files.delete(path).await?;
            }
            paths.len()
        }
        Work::PrepareRewrite => write_pieces(files, REWRITTEN, shape.rewritten_mib, &mut content).await?,
        Work::Rewrite => rewrite(files, shape, round, &mut content).await?,
        Work::SeqWrite => write_pieces(files, LARGE, shape.large_mib, &mut content).await?,
        Work::SeqRead => read_pieces(files, shape.large_mib, &mut buffer).await?,
        Work::Settle => {
            files.settle().await?;
            1
        }
    };
    Ok(Sample {
        elapsed: start.elapsed(),
        operations,
    })
}

/// The paths that a work goes through. Made before the clock starts.
fn paths_for(work: Work, shape: &Shape, round: u64) -> Vec<String> {
    let small = || (0..shape.files()).map(|n| small_path(n / shape.files_per_dir, n % shape.files_per_dir));
    match work {
        Work::Create => small().collect(),
        Work::Stat | Work::Read | Work::Delete => shuffled(small().collect(), round + work as u64),
        Work::List | Work::ListLong => shuffled((0..shape.dirs).map(dir_path).collect(), round),
        Work::CreateSynced | Work::DeleteSynced => (0..shape.synced)
            .map(|n| format!("small/synced/{n:05}"))
            .collect(),
        _ => Vec::new(),
    }
}

fn content_bytes(work: Work, shape: &Shape) -> usize {
    match work {
        Work::Create | Work::CreateSynced => shape.file_bytes,
        Work::Rewrite => PAGE,
        Work::SeqWrite | Work::PrepareRewrite => PIECE,
        _ => 0,
    }
}

fn dir_path(dir: usize) -> String {
    format!("small/{dir:03}")
}

fn small_path(dir: usize, file: usize) -> String {
    format!("small/{dir:03}/{file:05}")
}

fn shuffled(mut paths: Vec<String>, seed: u64) -> Vec<String> {
    let mut random = Random::new(seed);
    for i in (1..paths.len()).rev() {
        paths.swap(i, random.below(i + 1));
    }
    paths
}

fn expect(path: &str, expected: u64, got: u64) -> Result<()> {
    match expected == got {
        true => Ok(()),
        false => Err(format!("{path}: {got} bytes instead of {expected}").into()),
    }
}

async fn prepare<F: Files>(files: &mut F, shape: &Shape) -> Result<usize> {
    files.mkdir("small").await?;
    files.mkdir("small/synced").await?;
    files.mkdir("large").await?;
    for dir in 0..shape.dirs {
        files.mkdir(&dir_path(dir)).await?;
    }
    Ok(shape.dirs + 3)
}

async fn write_pieces<F: Files>(
    files: &mut F,
    path: &str,
    mib: usize,
    content: &mut Content,
) -> Result<usize> {
    files.open(path, true).await?;
    for piece in 0..mib {
        files.write_at((piece * PIECE) as u64, content.piece()).await?;
    }
    files.close().await?;
    Ok(mib)
}

async fn read_pieces<F: Files>(files: &mut F, mib: usize, buffer: &mut [u8]) -> Result<usize> {
    files.open(LARGE, false).await?;
    for piece in 0..mib {
        let read = files.read_at((piece * PIECE) as u64, buffer).await?;
        expect(LARGE, PIECE as u64, read as u64)?;
    }
    files.close().await?;
    Ok(mib)
}

async fn rewrite<F: Files>(files: &mut F, shape: &Shape, round: u64, content: &mut Content) -> Result<usize> {
    let pages = shape.rewritten_mib * PIECE / PAGE;
    let mut random = Random::new(round);
    files.open(REWRITTEN, false).await?;
    for _ in 0..shape.rewrites {
        let page = random.below(pages);
        files.write_at((page * PAGE) as u64, content.piece()).await?;
    }
    files.close().await?;
    Ok(shape.rewrites)
}
