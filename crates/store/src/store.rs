//! The [`Store`] trait: the truth about one tenant's files.

use std::future::Future;
use std::time::Duration;

use crate::digests;
use crate::*;

/// The files, layers and log of one tenant, as a few atomic operations on inodes.
///
/// A handle is bound to its tenant: no method takes one, so nothing above can reach another's data.
///
/// # Promises every implementation keeps
///
/// * Each operation is atomic, with its log record and its counters: all of it happens, or the error says why nothing did.
/// * An operation is visible to every user of the same database object at once, to other processes within milliseconds.
/// * After a crash the state is one that a prefix of the operations gives, and that prefix holds everything that
///   happened before the last [`sync`](Store::sync) that returned.
/// * What lies below a sealed layer never changes: `View::Layer` of a sealed layer always reads the same.
/// * Meaning that needs a user (permissions, umask, sticky bits) is not here but above. What it rested on comes along with
///   [who makes the change](By), and holds at the moment of the change.
///
/// Names are 1 to 255 bytes without `/` and NUL, never `.` or `..`; others are `Invalid` or `NameTooLong`.
/// An inode that does not exist in the view is `NotFound`. A write while the view is switched to a past layer is
/// `ReadOnly`, with what to do about it as detail.
pub trait Store: MaybeSend + MaybeSync {
    // Names

    /// The attributes of the entry `name` of `dir`.
    fn lookup(&self, view: View, dir: Ino, name: &[u8]) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Looks up one name after the other, as far as directories lead: the answer holds the attributes of every entry
    /// found, and ends early behind the first that is not a directory, or before the first that is missing.
    fn walk(
        &self,
        view: View,
        start: Ino,
        names: &[&[u8]],
    ) -> impl Future<Output = Result<Vec<Attr>>> + MaybeSend {
        async move {
            let mut found = Vec::with_capacity(names.len());
            let mut dir = start;
            for name in names {
                match self.lookup(view, dir, name).await {
                    Ok(attr) => {
                        found.push(attr);
                        dir = attr.ino;
                        if !attr.is_dir() {
                            break;
                        }
                    }
                    Err(e) if e.kind() == ErrorKind::NotFound => break,
                    Err(e) => return Err(e),
                }
            }
            Ok(found)
        }
    }

    /// Up to `limit` entries of `dir` behind `after`, in cookie order. Fewer than `limit` means that the end was reached.
    /// Entries that live through the whole listing appear exactly once, whatever else changes meanwhile.
    fn list(
        &self,
        view: View,
        dir: Ino,
        after: Cookie,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DirEntry>>> + MaybeSend;

    /// The same without attributes, which costs much less.
    fn list_names(
        &self,
        view: View,
        dir: Ino,
        after: Cookie,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DirName>>> + MaybeSend;

    /// The directory that holds the directory `dir`; the root holds itself.
    fn parent(&self, view: View, dir: Ino) -> impl Future<Output = Result<Ino>> + MaybeSend;

    /// An absolute path of the inode (one of them, if it has several).
    fn path_of(&self, view: View, ino: Ino) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend;

    /// Makes an inode under a new name. `Exists` if the name is taken. The directory's `mtime` and `ctime` follow.
    fn create(
        &self,
        by: &dyn By,
        dir: Ino,
        name: &[u8],
        new: &NewInode<'_>,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Gives an inode that is no directory another name. An inode without any name left is `NotFound`.
    fn link(
        &self,
        by: &dyn By,
        ino: Ino,
        dir: Ino,
        name: &[u8],
    ) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Removes a name, and the inode with its last name unless it is [held](Store::hold). Answers the attributes that
    /// the inode has afterwards (`nlink` 0 with the last name).
    fn unlink(
        &self,
        by: &dyn By,
        dir: Ino,
        name: &[u8],
        what: Unlink,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Moves a name, with every rule of `rename(2)`: onto another name of the same inode it does nothing, a directory
    /// only replaces an empty directory, a file only a non-directory, and nothing moves below itself (`Invalid`).
    fn rename(
        &self,
        by: &dyn By,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    // Attributes

    /// The attributes of an inode; also of one without names that is held.
    fn attr(&self, view: View, ino: Ino) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Changes attributes, and answers all of them.
    fn set_attr(
        &self,
        by: &dyn By,
        ino: Ino,
        set: &SetAttr,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// The value of an extended attribute; `NoData` if it is not there.
    fn xattr(&self, view: View, ino: Ino, name: &[u8]) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend;

    /// The names of all extended attributes, sorted.
    fn xattrs(&self, view: View, ino: Ino) -> impl Future<Output = Result<Vec<Vec<u8>>>> + MaybeSend;

    /// Sets an extended attribute: a name to 255 bytes, a value to 64 KiB (`TooBig`).
    fn set_xattr(
        &self,
        by: &dyn By,
        ino: Ino,
        name: &[u8],
        value: &[u8],
        mode: XattrMode,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Removes an extended attribute; `NoData` if it is not there.
    fn remove_xattr(
        &self,
        by: &dyn By,
        ino: Ino,
        name: &[u8],
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    // Content

    /// Reads from `offset`, and answers how many bytes: fewer than asked for only at the end of the file.
    /// Every block is checked against its hash on the way in from the device; a wrong one is `Corrupt`.
    fn read(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        buffer: &mut [u8],
        access: Access,
    ) -> impl Future<Output = Result<usize>> + MaybeSend;

    /// The target of a symbolic link.
    fn read_link(&self, view: View, ino: Ino) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend;

    /// Writes all of `data`, at most 16 MiB at once (`Invalid`); a gap before it becomes a hole. `clear_setid` drops setuid, and setgid
    /// where the group may execute, in the same step. Files end at 2^63 - 1 (`FileTooLarge`).
    fn write(
        &self,
        by: &dyn By,
        ino: Ino,
        at: WriteAt,
        data: &[u8],
        clear_setid: bool,
    ) -> impl Future<Output = Result<Written>> + MaybeSend;

    /// Allocates, punches, zeroes, collapses or inserts a byte range, as `fallocate(2)` does.
    fn allocate(
        &self,
        by: &dyn By,
        ino: Ino,
        how: Allocate,
        offset: u64,
        len: u64,
        clear_setid: bool,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Copies bytes between two places (also of one file, if they do not overlap) and answers how many: fewer than
    /// asked for only at the end of the source. Whole blocks are shared, not copied. The source may be of any view.
    #[allow(clippy::too_many_arguments)]
    fn copy_range(
        &self,
        by: &dyn By,
        view: View,
        source: Ino,
        source_offset: u64,
        target: Ino,
        target_offset: u64,
        len: u64,
    ) -> impl Future<Output = Result<u64>> + MaybeSend;

    /// The next data or hole at or behind `offset`; `NoSuchAddress` at or past the end of the file, or where no data follows.
    fn seek(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        to: SeekTo,
    ) -> impl Future<Output = Result<u64>> + MaybeSend;

    /// The hashes of pieces of `size` bytes, the first of which begins at `from`: `count` of them, or as many as the file has, of
    /// which the last may be shorter. Pieces have at least [`DIGEST_PIECE_MIN`] bytes, and [`DIGESTS_MAX`] together (`Invalid`).
    fn digests(
        &self,
        view: View,
        ino: Ino,
        from: u64,
        size: u32,
        count: u32,
    ) -> impl Future<Output = Result<Vec<Digest>>> + MaybeSend {
        digests::by_reading(self, view, ino, from, size, count)
    }

    /// Keeps the inode alive while a handle is open on it, even when its last name goes. Counted: each needs a `release`.
    fn hold(&self, ino: Ino) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Ends one `hold`; the inode goes with the last one if it has no name.
    fn release(&self, ino: Ino) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Whether anybody holds the inode, in whatever process; in doubt somebody does.
    fn is_held(&self, ino: Ino) -> impl Future<Output = Result<bool>> + MaybeSend {
        let _ = ino;
        async { Ok(true) }
    }

    // Several changes as one

    /// Makes all of these changes, in order, or none: nobody sees some of them, and no crash leaves some of them. Up to
    /// [`MUTATIONS_MAX`] with [`MUTATIONS_CONTENT_MAX`] bytes of content. What has to hold is looked at before the first.
    fn apply(
        &self,
        by: &dyn By,
        mutations: &[Mutation<'_>],
    ) -> impl Future<Output = Result<Vec<Outcome>, Refused>> + MaybeSend;

    // Durability

    /// Returns when everything done so far is on the device.
    fn sync(&self) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Returns when everything done so far is visible to other processes; a crash may still undo it.
    fn flush(&self) -> impl Future<Output = Result<()>> + MaybeSend;

    // Layers

    /// Where the tenant stands.
    fn position(&self) -> impl Future<Output = Result<Position>> + MaybeSend;

    /// Every layer, the oldest first; the last is the one being written.
    fn layers(&self) -> impl Future<Output = Result<Vec<LayerInfo>>> + MaybeSend;

    /// The layer that goes by this name, tag or number; `NotFound` otherwise. `head` is the one being written.
    fn find_layer(&self, name: &str) -> impl Future<Output = Result<LayerInfo>> + MaybeSend;

    /// Seals the layer in view under a name (1 to 255 bytes, no `/`, no control characters, not all digits, not `head`; `Exists` if taken) and
    /// begins a new one, which becomes current; answers the sealed layer. If the view is on a past layer (already
    /// sealed), the later layers have to go: with [`LaterLayers::Keep`] this is refused as `Busy`, naming them; with `Discard` the history behind the
    /// layer in view is removed, and a new one begins there (the name then labels nothing new: it must be empty or equal to the name of the layer in view,
    /// else it is added to it as a tag).
    fn checkpoint(
        &self,
        by: &Actor,
        name: &str,
        description: Option<&str>,
        later: LaterLayers,
    ) -> impl Future<Output = Result<LayerInfo>> + MaybeSend;

    /// Brings a layer into view: the layer being written (to go on working) or any sealed one, read-only.
    fn switch(&self, by: &Actor, layer: LayerId) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Forgets the state at the end of a sealed layer; its changes become part of the next one.
    /// The layer being written and the one in view are `Busy`.
    fn drop_layer(&self, by: &Actor, layer: LayerId) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Makes one layer of the sealed layers `first..=last`, which keeps the name of `last`.
    fn squash(
        &self,
        by: &Actor,
        first: LayerId,
        last: LayerId,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Points a tag (a name like a layer's) at a sealed layer, or takes it away (`None`). A tag can be moved.
    fn tag(
        &self,
        by: &Actor,
        tag: &str,
        layer: Option<LayerId>,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// What differs between two layers, in path order. Costs what changed, not what is stored.
    fn diff(&self, from: LayerId, to: LayerId) -> impl Future<Output = Result<Vec<Change>>> + MaybeSend;

    // Log and accounts

    /// The position of the last record; costs next to nothing, so it may be polled.
    fn last_seq(&self) -> impl Future<Output = Result<Seq>> + MaybeSend;

    /// The position of the last record not by `agent`, or a later one where that is not known exactly: as long as it does
    /// not move, everything new is the agent's own. As cheap as [`last_seq`](Store::last_seq).
    fn last_seq_by_others(&self, agent: &str) -> impl Future<Output = Result<Seq>> + MaybeSend {
        let _ = agent;
        self.last_seq()
    }

    /// How everything stands, with the first record behind `after`; far away this is one request.
    fn standing(&self, after: Seq) -> impl Future<Output = Result<Standing>> + MaybeSend {
        async move {
            let query = LogQuery {
                after: Some(after),
                limit: 1,
                ..LogQuery::default()
            };
            Ok(Standing {
                position: self.position().await?,
                tenant: self.tenant().await?,
                record: self.log(&query).await?.pop(),
                last: self.last_seq().await?,
            })
        }
    }

    /// Waits for a record behind `after`, whoever makes it, and answers the position of the last one. Returns early at
    /// [`wake`](Store::wake), after `patience`, and now and then without a reason; at once where nothing can wait.
    fn changed(&self, after: Seq, patience: Duration) -> impl Future<Output = Result<Seq>> + MaybeSend {
        let _ = (after, patience);
        self.last_seq()
    }

    /// Ends each wait in [`changed`](Store::changed) that has begun.
    fn wake(&self) {}

    /// Begins to follow: from now on [`settle`](Store::settle) waits for what is answered here.
    fn follow(&self) -> impl Future<Output = Result<Box<dyn Follower>>> + MaybeSend {
        async { Ok(Box::new(crate::follow::Unheard) as Box<dyn Follower>) }
    }

    /// Whether anybody on this machine follows this tenant, but for `besides`. Costs so little that it may be asked at every
    /// operation.
    fn is_followed(&self, besides: Option<&dyn Follower>) -> bool {
        let _ = besides;
        false
    }

    /// Returns when everything done so far is visible to other processes and every follower of this tenant on this machine,
    /// but for `besides`, has passed it on. One that ended is not waited for; one that is stopped costs 5 seconds, once.
    fn settle(&self, besides: Option<&dyn Follower>) -> impl Future<Output = Result<()>> + MaybeSend {
        let _ = besides;
        self.flush()
    }

    /// The records that match, in order of position (or the reverse).
    fn log(&self, query: &LogQuery) -> impl Future<Output = Result<Vec<LogRecord>>> + MaybeSend;

    /// Records that `by` was refused an operation, for the audit.
    fn log_refusal(
        &self,
        by: &Actor,
        operation: Operation,
        path: &[u8],
        kind: ErrorKind,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// The tenant's name, state, quota and usage.
    fn tenant(&self) -> impl Future<Output = Result<TenantInfo>> + MaybeSend;

    /// Free bytes of the device below, for `statfs`; `None` where it has no bound that is known.
    fn device_free(&self) -> impl Future<Output = Result<Option<u64>>> + MaybeSend;

    /// Hits and misses of the caches, commits and bytes written, since the database was opened.
    fn performance(&self) -> impl Future<Output = Result<Performance>> + MaybeSend;

    /// Collects this tenant's garbage: inodes nobody holds, log records over the quota, space in segments.
    fn gc(&self) -> impl Future<Output = Result<GcReport>> + MaybeSend;
}
