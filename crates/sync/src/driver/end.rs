//! One end of a round: a store, who acts there, and the hidden directory that new files are made in.

use std::collections::BTreeMap;

use tarbox_store::*;

use crate::Side;

/// The directory of the root that no user sees, and the one in it that is ours.
const HIDDEN: [&[u8]; 2] = [b".tarbox", b"sync"];
/// Entries that are listed at once.
const PAGE: usize = 4_096;

/// One end of a round.
pub(super) struct End<'a, S> {
    pub(super) store: &'a S,
    pub(super) by: &'a Actor,
    pub(super) side: Side,
    /// Where what is made gets its content, out of everybody's sight.
    pub(super) staging: Ino,
}

/// A directory of ours below the hidden one, which is made if it is not there.
pub(super) async fn hidden_dir<S: Store>(store: &S, by: &Actor, name: &[u8]) -> Result<Ino> {
    let names = [HIDDEN[0], HIDDEN[1], name];
    let found = match store.walk(View::Current, Ino::ROOT, &names).await {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotDirectory) => Vec::new(),
        found => found?,
    };
    let mut dir = Ino::ROOT;
    for (at, name) in names.into_iter().enumerate() {
        dir = match found.get(at) {
            Some(found) if found.is_dir() => found.ino,
            Some(_) => return Err(Error::new(ErrorKind::NotDirectory).about("/.tarbox/sync")),
            None => made(store, by, dir, name).await?,
        };
    }
    Ok(dir)
}

async fn made<S: Store>(store: &S, by: &Actor, dir: Ino, name: &[u8]) -> Result<Ino> {
    let new = new_inode(FileKind::Directory, 0o700);
    match store.create(by, dir, name, &new).await {
        // Somebody else was quicker.
        Err(e) if e.kind() == ErrorKind::Exists => match store.lookup(View::Current, dir, name).await? {
            found if found.is_dir() => Ok(found.ino),
            _ => Err(Error::new(ErrorKind::NotDirectory).about("/.tarbox/sync")),
        },
        made => Ok(made?.ino),
    }
}

/// What is ours alone until it has a name and an owner.
pub(super) fn new_inode(kind: FileKind, mode: u32) -> NewInode<'static> {
    NewInode {
        kind,
        mode,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    }
}

/// All entries of a directory.
pub(super) async fn list<S: Store>(store: &S, dir: Ino) -> Result<Vec<DirEntry>> {
    let (mut all, mut after) = (Vec::new(), Cookie(0));
    loop {
        let page = store.list(View::Current, dir, after, PAGE).await?;
        let is_last = page.len() < PAGE;
        after = page.last().map_or(after, |entry| entry.cookie);
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// Whether this is the hidden directory.
pub(super) fn is_hidden(dir: Ino, name: &[u8]) -> bool {
    dir == Ino::ROOT && name == HIDDEN[0]
}

/// Whether a path of the log is in the hidden directory, or is it.
pub(super) fn is_hidden_path(path: &[u8]) -> bool {
    let rest = path
        .strip_prefix(b"/")
        .and_then(|path| path.strip_prefix(HIDDEN[0]));
    rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

impl<S: Store> End<'_, S> {
    /// Removes what an interrupted round left half made.
    pub(super) async fn sweep(&self) -> Result<()> {
        for entry in list(self.store, self.staging).await? {
            let what = match entry.attr.is_dir() {
                true => Unlink::Directory,
                false => Unlink::File,
            };
            match self.store.unlink(self.by, self.staging, &entry.name, what).await {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    /// The records behind a position, all of them, without a gap; `None` where the oldest are gone.
    pub(super) async fn records(&self, after: Seq) -> Result<Option<Vec<LogRecord>>> {
        let mut all: Vec<LogRecord> = Vec::new();
        loop {
            let after = all.last().map_or(after, |record| record.seq);
            let query = LogQuery {
                after: Some(after),
                limit: 10_000,
                ..LogQuery::default()
            };
            let page = self.store.log(&query).await?;
            match page.first() {
                None => return Ok(Some(all)),
                Some(first) if first.seq.0 != after.0 + 1 => return Ok(None),
                Some(_) => all.extend(page),
            }
        }
    }

    /// Whether we made a record. A server puts its word for the key before the agent.
    pub(super) fn is_ours(&self, record: &LogRecord) -> bool {
        let agent = record.agent.as_str();
        let prefix = agent.strip_suffix(&*self.by.agent);
        prefix.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('/'))
    }
}

/// The versions that our own changes left, by the log: of what nobody else changed as well.
pub(super) fn own_versions<S: Store>(end: &End<'_, S>, records: &[LogRecord]) -> BTreeMap<Ino, Seq> {
    let mut versions = BTreeMap::new();
    for record in records {
        let version = if end.is_ours(record) { record.seq } else { Seq(0) };
        let known = versions.entry(record.ino).or_insert(version);
        if *known != Seq(0) {
            *known = version;
        }
    }
    versions
}
