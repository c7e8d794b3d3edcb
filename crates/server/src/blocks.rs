//! Blocks by their hash: parts of files that a client names instead of sending or fetching them.
//!
//! A hash is no right. It is looked for in files that the request names and that its key may read, and nowhere else: whether
//! the database holds a block in another file, in another tenant or outside of the key's directory, nobody learns.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tarbox_fs::Realm;
use tarbox_store::{Attr, DIGEST_PIECE_MIN, Ino, Seq, Store};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::app::{App, Backend};
use crate::auth::{Caller, expired};
use crate::files::Files;
use crate::location::Location;
use crate::problem::{Answer, Problem};
use crate::reading::OpenFile;
use crate::text::Text;
use crate::watchdog::Watchdog;

/// Bytes of a block, if nobody says: those of the blocks that are stored, which are shared where a file begins with them.
const SIZE: u32 = 128 << 10;
const SIZE_MAX: u32 = 4 << 20;
/// Blocks of one list at most.
pub(crate) const LIST_MAX: usize = 1 << 16;
/// Files in which a request has hashes looked for, at most; the blocks, and the bytes, they have together.
const SOURCES_MAX: usize = 16;
const KNOWN_MAX: u64 = 1 << 18;
const BYTES_MAX: u64 = 64 << 30;
/// Blocks whose hashes are remembered, and the files they are in.
const REMEMBERED_MAX: usize = 1 << 18;
const FILES_MAX: usize = 256;
/// Bytes that are hashed between two looks whether somebody still waits.
const STEP: u64 = 8 << 20;

/// The BLAKE3 hash of a block: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    pub(crate) fn of(block: &[u8]) -> Self {
        Self(*blake3::hash(block).as_bytes())
    }

    /// Reads one.
    pub(crate) fn parse(text: &str) -> Answer<Self> {
        let hash = blake3::Hash::from_hex(text);
        hash.map(|hash| Self(*hash.as_bytes()))
            .map_err(|_| Problem::bad_request("a hash is 64 hexadecimal digits"))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("a hash is 64 hexadecimal digits"))
    }
}

impl utoipa::PartialSchema for Hash {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9a-fA-F]{64}$"))
            .description(Some("The BLAKE3 hash of a block"))
            .into()
    }
}

impl ToSchema for Hash {}

/// A file in which blocks are looked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// Its path.
    pub(crate) path: Text,
    /// The sealed layer it is read in: its name, tag or number.
    pub(crate) layer: Option<String>,
}

/// Where a block is: in which of the files, from which byte on, and how many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: usize,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// A file, as it was when its blocks were hashed.
struct Known<D: Backend> {
    file: Arc<OpenFile<D>>,
    version: Seq,
}

/// Files whose blocks are known by their hashes.
pub(crate) struct Sources<D: Backend> {
    files: Vec<Known<D>>,
    places: HashMap<Hash, Place>,
}

/// Refuses blocks that are too small or too large.
pub(crate) fn block_size(size: Option<u32>) -> Answer<u32> {
    let size = size.unwrap_or(SIZE);
    match (DIGEST_PIECE_MIN..=SIZE_MAX).contains(&size) {
        true => Ok(size),
        false => Err(Problem::bad_request("the size of blocks is 4 KiB to 4 MiB")),
    }
}

impl<D: Backend> Sources<D> {
    /// Opens the files and hashes all of them, in blocks of `size` bytes.
    pub(crate) async fn open(
        app: &App<D>,
        caller: &Caller<D::Store>,
        named: &[Source],
        size: u32,
    ) -> Answer<Self> {
        if named.len() > SOURCES_MAX {
            return Err(Problem::bad_request(format!(
                "{SOURCES_MAX} sources are the most"
            )));
        }
        let mut sources = Self {
            files: Vec::new(),
            places: HashMap::new(),
        };
        let mut bytes = 0;
        for source in named {
            let location = caller.locate_in(source.layer.as_deref(), &source.path.0).await?;
            let (attr, file) = open_content(app, caller, &location).await?;
            bytes += attr.size.min(BYTES_MAX + 1);
            let blocks = sources.places.len() as u64 + attr.size.div_ceil(u64::from(size));
            if bytes > BYTES_MAX || blocks > KNOWN_MAX {
                return Err(too_many());
            }
            let place = sources.files.len();
            let hashes = hash_all(app, caller, &file, &attr, size).await?;
            for (at, (hash, len)) in hashes.iter().enumerate() {
                sources.places.entry(*hash).or_insert(Place {
                    file: place,
                    offset: at as u64 * u64::from(size),
                    len: *len,
                });
            }
            sources.files.push(Known {
                file,
                version: attr.version,
            });
        }
        Ok(sources)
    }

    /// Where a block is.
    pub(crate) fn find(&self, hash: &Hash) -> Option<Place> {
        self.places.get(hash).copied()
    }

    /// The file of a [`Place`].
    pub(crate) fn file(&self, at: usize) -> &Arc<OpenFile<D>> {
        &self.files[at].file
    }

    /// Whether all of them are as they were when they were hashed.
    ///
    /// # Errors
    /// `CHANGED` if not: what was taken from them may be something else.
    pub(crate) async fn check(&self) -> Answer<()> {
        for known in &self.files {
            if known.file.attr().await?.version != known.version {
                return Err(changed());
            }
        }
        Ok(())
    }
}

/// Opens a file that has content of its own.
pub(crate) async fn open_content<D: Backend>(
    app: &App<D>,
    caller: &Caller<D::Store>,
    location: &Location,
) -> Answer<(Attr, Arc<OpenFile<D>>)> {
    let (attr, file) = OpenFile::open(app.clone(), caller, location).await?;
    match attr.is_file() && Realm::of(attr.ino) != Realm::Hook {
        true => Ok((attr, Arc::new(file))),
        false => Err(Problem::bad_request("only files have blocks")),
    }
}

/// Hashes of files that were asked for last, so that whoever asks for one block after the other does not have the file hashed
/// each time.
pub(crate) struct Remembered<S: Store>(Mutex<VecDeque<Hashed<S>>>);

/// The blocks of one state of a file.
struct Hashed<S: Store> {
    /// Its tenant: as long as this is there, no other has its place.
    files: Weak<Files<S>>,
    state: (Ino, Seq, u32),
    hashes: Blocks,
}

/// Hashes, and how many bytes each is of.
type Blocks = Arc<[(Hash, u64)]>;

impl<S: Store> Default for Remembered<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S: Store> Remembered<S> {
    fn get(&self, files: &Arc<Files<S>>, state: (Ino, Seq, u32)) -> Option<Blocks> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it =
            |one: &Hashed<S>| one.state == state && std::ptr::eq(one.files.as_ptr(), Arc::as_ptr(files));
        let found = all.iter().position(is_it).and_then(|at| all.remove(at))?;
        let hashes = found.hashes.clone();
        all.push_back(found);
        Some(hashes)
    }

    fn put(&self, files: &Arc<Files<S>>, state: (Ino, Seq, u32), hashes: Blocks) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(Hashed {
            files: Arc::downgrade(files),
            state,
            hashes,
        });
        let mut blocks: usize = all.iter().map(|one| one.hashes.len()).sum();
        while blocks > REMEMBERED_MAX || all.len() > FILES_MAX {
            blocks -= all.pop_front().map_or(blocks, |one| one.hashes.len());
        }
    }
}

/// The hashes of all blocks of a file.
async fn hash_all<D: Backend>(
    app: &App<D>,
    caller: &Caller<D::Store>,
    file: &Arc<OpenFile<D>>,
    attr: &Attr,
    size: u32,
) -> Answer<Blocks> {
    let state = (attr.ino, attr.version, size);
    if let Some(known) = app.remembered().get(&caller.files, state) {
        return Ok(known);
    }
    let hashes: Blocks = hash(app, caller, file, 0..attr.size, size).await?.into();
    if file.attr().await?.version != attr.version {
        return Err(changed());
    }
    // A state that is not on the device could be lost, and its version be another's.
    let files = caller.files.clone();
    app.work(async move || Ok(files.fs.store().sync().await?)).await?;
    app.remembered().put(&caller.files, state, hashes.clone());
    Ok(hashes)
}

/// The hashes of the blocks in a range of a file, and how many bytes each has.
pub(crate) async fn hash<D: Backend>(
    app: &App<D>,
    caller: &Caller<D::Store>,
    file: &Arc<OpenFile<D>>,
    range: std::ops::Range<u64>,
    size: u32,
) -> Answer<Vec<(Hash, u64)>> {
    let mut watchdog = Watchdog::of(&caller.key);
    let mut hashes = Vec::new();
    let (mut from, size) = (range.start, u64::from(size));
    let step = (STEP / size).max(1) * size;
    while from < range.end {
        if !watchdog.allows(app) {
            return Err(expired());
        }
        let (file, to) = (file.clone(), range.end.min(from.saturating_add(step)));
        let hash = async move || {
            let mut buffer = vec![0; size as usize];
            let mut some = Vec::new();
            for begin in (from..to).step_by(size as usize) {
                let wanted = size.min(to - begin) as usize;
                let block = &mut buffer[..wanted];
                if file.read(begin, block).await? < wanted {
                    return Err(changed());
                }
                some.push((Hash::of(block), wanted as u64));
            }
            Ok(some)
        };
        hashes.extend(app.work(hash).await?);
        from = to;
    }
    Ok(hashes)
}

/// A file was changed while its blocks were looked at.
pub(crate) fn changed() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "CHANGED",
        "a file was changed while its blocks were read",
    )
    .because("nothing was changed by this request; send it again")
}

/// More is to be hashed than one request may ask for.
fn too_many() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "TOO_LARGE",
        "the sources are too large",
    )
    .because(format!(
        "{KNOWN_MAX} blocks and {} GiB are the most that a request has hashed; ask for larger blocks",
        BYTES_MAX >> 30
    ))
}
