//! What one client does in a workspace, and has open in it.

use std::fmt;

use rustc_hash::FxHashMap;
use tarbox_fs::{At, Credentials, FilesystemInterface as _, Handle, PathAt, blocking};
use tarbox_store::{ErrorKind, Ino, Result, Store as _};

use crate::archive::Archive;
use crate::operations;
use crate::place::{Bounds, Place};
use crate::request::Request;

/// Interfaces that name their client behind a colon.
const AGENTS: &[&str] = &["browser", "node"];
/// The same with an id in between: keys of a server.
const KEY: &str = "key:";

/// What one client may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files and archives open at once; more are `TooManyOpen`.
    pub open: usize,
    /// Bytes that one operation reads of an open file; it answers with fewer than were asked for.
    pub read: u64,
    /// Records of the audit that one operation answers with.
    pub records: usize,
}

impl Limits {
    /// None at all: for a client that has its memory to itself.
    pub const NONE: Self = Self {
        open: usize::MAX,
        read: u64::MAX,
        records: usize::MAX,
    };
}

/// A client of a workspace, and the files and archives that it has open.
pub struct Workspace<P: Place> {
    pub(crate) place: P,
    pub(crate) who: Credentials,
    pub(crate) archives: Vec<(u32, Archive)>,
    handles: FxHashMap<u32, Handle>,
    next_handle: u32,
    pub(crate) limits: Limits,
    bounds: Option<Bounds>,
    may_control: bool,
}

impl<P: Place> fmt::Debug for Workspace<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace")
            .field("who", &self.who)
            .field("handles", &self.handles.len())
            .finish_non_exhaustive()
    }
}

impl<P: Place> Workspace<P> {
    /// A client. Open files are numbered from `first_handle` on: a random number, so that one from an earlier time is not
    /// taken for one of this.
    pub fn new(place: P, who: Credentials, first_handle: u32) -> Self {
        Self {
            place,
            who,
            archives: Vec::new(),
            handles: FxHashMap::default(),
            next_handle: first_handle.max(1),
            limits: Limits::NONE,
            bounds: None,
            may_control: true,
        }
    }

    /// Keeps the client within a directory.
    #[must_use]
    pub fn within(mut self, bounds: Option<Bounds>) -> Self {
        self.bounds = bounds;
        self
    }

    /// Refuses to the client what control files do.
    #[must_use]
    pub fn without_control(mut self) -> Self {
        self.may_control = false;
        self
    }

    /// Bounds what the client can make others pay for.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The files.
    pub fn place(&self) -> &P {
        &self.place
    }

    /// Who the client acts as.
    pub fn who(&self) -> &Credentials {
        &self.who
    }

    /// What is done from now on is done by this user.
    pub fn act_as(&mut self, who: Credentials) {
        self.who = who;
    }

    /// Does one operation, and returns its number; more it leaves in `out`.
    ///
    /// # Errors
    /// Those of the operation; `Unsupported` if there is no such operation.
    pub fn call(&mut self, operation: u32, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
        operations::call(self, operation, request, out)
    }

    /// Makes everything done so far durable.
    ///
    /// # Errors
    /// Those of the device; then nothing since the last sync that succeeded can be relied on.
    pub fn sync(&self) -> Result<()> {
        blocking(self.place.fs().store().sync())
    }

    /// Closes what the client has open.
    pub fn close_all(&mut self) {
        let numbers: Vec<u32> = self.archives.iter().map(|(number, _)| *number).collect();
        for number in numbers
            .into_iter()
            .chain(self.handles.keys().copied().collect::<Vec<_>>())
        {
            // What cannot be closed is gone.
            let _gone = self.release(number);
        }
    }

    pub(crate) fn may_control(&self) -> bool {
        !P::IS_SHARED || self.may_control
    }

    /// Whether the client is kept within a directory.
    pub fn is_confined(&self) -> bool {
        self.bounds().is_some()
    }

    fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref().filter(|_| P::IS_SHARED)
    }

    /// Where a path of the client's leads.
    pub fn path<'p, B: AsRef<[u8]> + ?Sized>(&self, path: &'p B) -> PathAt<'p> {
        let path = path.as_ref();
        match self.bounds() {
            None => At::in_root(Ino::ROOT).path(path),
            Some(bounds) => {
                let from = path.iter().position(|b| *b != b'/');
                // From there on no path leads out, whoever moves directories meanwhile.
                At::beneath(bounds.dir()).path(match from {
                    Some(from) => &path[from..],
                    None if path.is_empty() => path,
                    None => b".",
                })
            }
        }
    }

    /// The path in the workspace of what the client calls so.
    pub(crate) fn whole(&self, path: &str) -> Vec<u8> {
        match self.bounds() {
            None => path.as_bytes().to_vec(),
            Some(bounds) => bounds.whole(path.as_bytes()),
        }
    }

    /// What the client calls a path of the workspace; `None` for what it does not see.
    pub(crate) fn shown(&self, path: &[u8]) -> Option<Vec<u8>> {
        match self.bounds() {
            None => Some(path.to_vec()),
            Some(bounds) => bounds.shown(path),
        }
    }

    /// The path whose records the client asks for, and may see.
    pub(crate) fn audited(&self, path: Option<&str>) -> Option<Vec<u8>> {
        match (path, self.bounds()) {
            (None, None) => None,
            (path, _) => Some(self.whole(path.unwrap_or("/"))),
        }
    }

    /// Remembers an open file under a number.
    pub(crate) fn keep(&mut self, handle: Handle) -> Result<u32> {
        if self.is_full() {
            blocking(self.place.fs().release(handle))?;
            return Err(ErrorKind::TooManyOpen.into());
        }
        let number = self.next_number();
        self.handles.insert(number, handle);
        Ok(number)
    }

    /// Remembers an archive that is being unpacked.
    pub(crate) fn keep_archive(&mut self, archive: Archive) -> Result<u32> {
        if self.is_full() {
            return Err(ErrorKind::TooManyOpen.into());
        }
        let number = self.next_number();
        self.archives.push((number, archive));
        Ok(number)
    }

    fn is_full(&self) -> bool {
        self.handles.len() + self.archives.len() >= self.limits.open
    }

    fn next_number(&mut self) -> u32 {
        let number = self.next_handle;
        self.next_handle = self.next_handle.wrapping_add(1).max(1);
        number
    }

    /// The open file of that number.
    pub(crate) fn handle(&self, number: u32) -> Result<Handle> {
        self.handles
            .get(&number)
            .copied()
            .ok_or_else(|| ErrorKind::BadHandle.into())
    }

    pub(crate) fn release(&mut self, number: u32) -> Result<()> {
        if let Some(at) = self.archives.iter().position(|(found, _)| *found == number) {
            return self.archives.swap_remove(at).1.close(self);
        }
        let handle = self.handle(number)?;
        self.handles.remove(&number);
        blocking(self.place.fs().release(handle))
    }
}

/// Which client an agent of the audit is, if it is one.
pub(crate) fn client_of(agent: &str) -> Option<&str> {
    if let Some(key) = agent.strip_prefix(KEY) {
        return key.split_once(':').map(|(_, client)| client);
    }
    let (name, client) = agent.split_once(':')?;
    AGENTS.contains(&name).then_some(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_known_from_its_agent() {
        for (agent, client) in [
            ("browser:1f2e", Some("1f2e")),
            ("node:1f2e", Some("1f2e")),
            ("key:3f9c:1f2e", Some("1f2e")),
            ("key:3f9c", None),
            ("run:python.wasm", None),
            ("browser", None),
        ] {
            assert_eq!(client_of(agent), client, "{agent}");
        }
    }
}
