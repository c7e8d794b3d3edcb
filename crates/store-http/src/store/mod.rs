//! [`HttpStore`]: each operation as a call, and as an answer from memory where that is as good.

mod remembered;

use std::sync::Arc;
use std::time::Duration;

use tarbox_protocol::limits::*;
use tarbox_protocol::{Answer, Call, Wire};
use tarbox_store::*;

use crate::cache::Moment;
use crate::calls;
use crate::client::{Client, Told};
use crate::stamps::Subject;
use crate::transport::Transport;

/// The files, layers and log of one tenant on a server. Clones are the same store.
pub struct HttpStore<T> {
    client: Arc<Client<T>>,
}

impl<T> Clone for HttpStore<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
        }
    }
}

impl<T> std::fmt::Debug for HttpStore<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpStore").finish_non_exhaustive()
    }
}

impl<T: Transport> HttpStore<T> {
    pub(crate) fn new(client: Arc<Client<T>>) -> Self {
        Self { client }
    }

    /// Asks something.
    async fn look<R>(
        &self,
        call: Call<'_>,
        read: impl FnOnce(Answer<'_>) -> Result<R> + MaybeSend,
    ) -> Result<R> {
        self.client.ask(None, call, |told| read(told.one()?)).await
    }

    /// Changes something, which puts out of date what is cached of it.
    async fn change<R>(
        &self,
        by: &dyn By,
        call: Call<'_>,
        subjects: &[Subject<'_>],
        read: impl FnOnce(Answer<'_>) -> Result<R> + MaybeSend,
    ) -> Result<R> {
        let changed = self.client.ask(Some(by), call, |told| {
            self.client.cache.change(subjects, None, told.at);
            read(told.one()?)
        });
        let result = changed.await;
        if result.is_err() {
            // It may have been made all the same.
            self.forget(subjects);
        }
        result
    }

    /// The same of a change that answers attributes and makes `records` records, if that is known.
    async fn change_attr(
        &self,
        by: &dyn By,
        call: Call<'_>,
        subjects: &[Subject<'_>],
        records: Option<u64>,
    ) -> Result<Attr> {
        let cache = &self.client.cache;
        let changed = self.client.ask(Some(by), call, |told| {
            let (before, after, at) = (told.before, told.after, told.at);
            let attr = calls::attr(told.one()?)?;
            let mut all = subjects.to_vec();
            all.push(Subject::Inode(attr.ino));
            cache.change(&all, Some(attr), at);
            if records == Some(1) {
                cache.claim(before, after);
            }
            Ok(attr)
        });
        let result = changed.await;
        if result.is_err() {
            self.forget(subjects);
        }
        result
    }

    fn forget(&self, subjects: &[Subject<'_>]) {
        self.client.cache.change(subjects, None, Moment::NEVER);
    }
}

impl<T: Transport> Store for HttpStore<T> {
    async fn lookup(&self, view: View, dir: Ino, name: &[u8]) -> Result<Attr> {
        match self.cached_entry(view, dir, name) {
            Some(Some(attr)) => return Ok(attr),
            Some(None) => return Err(ErrorKind::NotFound.into()),
            None => {}
        }
        // A walk tells from an error that there is no such name, and how far that goes.
        let found = self.walk_asking(view, dir, &[name]).await?;
        found.first().copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    async fn walk(&self, view: View, start: Ino, names: &[&[u8]]) -> Result<Vec<Attr>> {
        if let Some(found) = self.cached_walk(view, start, names) {
            return Ok(found);
        }
        let (mut found, mut dir) = (Vec::with_capacity(names.len()), start);
        for part in names.chunks(WALK_MAX) {
            let some = self.walk_asking(view, dir, part).await?;
            let goes_on = some.len() == part.len() && some.last().is_some_and(Attr::is_dir);
            found.extend(some);
            match found.last() {
                Some(last) if goes_on => dir = last.ino,
                _ => break,
            }
        }
        Ok(found)
    }

    async fn list(&self, view: View, dir: Ino, after: Cookie, limit: usize) -> Result<Vec<DirEntry>> {
        let (mut all, mut after) = (Vec::new(), after);
        loop {
            let page = (limit - all.len()).min(LIST_MAX);
            let call = Call::List {
                view: Wire(view),
                dir: dir.into(),
                after,
                limit: page as u32,
            };
            let told = |told: Told<'_>| {
                let at = told.at;
                let entries = calls::entries(told.one()?)?;
                for entry in &entries {
                    self.client.cache.keep_attr(view, entry.attr, at);
                    self.client
                        .cache
                        .keep_entry(view, dir, &entry.name, Some(entry.attr.ino), at);
                }
                Ok(entries)
            };
            let entries = self.client.ask(None, call, told).await?;
            let ended = entries.len() < page;
            after = entries.last().map_or(after, |entry| entry.cookie);
            all.extend(entries);
            if ended || all.len() >= limit {
                return Ok(all);
            }
        }
    }

    async fn list_names(&self, view: View, dir: Ino, after: Cookie, limit: usize) -> Result<Vec<DirName>> {
        let (mut all, mut after) = (Vec::new(), after);
        loop {
            let page = (limit - all.len()).min(LIST_MAX);
            let call = Call::ListNames {
                view: Wire(view),
                dir: dir.into(),
                after,
                limit: page as u32,
            };
            let names = self.look(call, calls::names).await?;
            let ended = names.len() < page;
            after = names.last().map_or(after, |name| name.cookie);
            all.extend(names);
            if ended || all.len() >= limit {
                return Ok(all);
            }
        }
    }

    async fn parent(&self, view: View, dir: Ino) -> Result<Ino> {
        self.look(
            Call::Parent {
                view: Wire(view),
                dir: dir.into(),
            },
            calls::ino,
        )
        .await
    }

    async fn path_of(&self, view: View, ino: Ino) -> Result<Vec<u8>> {
        self.look(
            Call::PathOf {
                view: Wire(view),
                ino: ino.into(),
            },
            calls::bytes,
        )
        .await
    }

    async fn create(&self, by: &dyn By, dir: Ino, name: &[u8], new: &NewInode<'_>) -> Result<Attr> {
        let call = Call::Create {
            dir: dir.into(),
            name: name.into(),
            kind: new.kind,
            mode: new.mode,
            uid: new.uid,
            gid: new.gid,
            rdev: new.rdev,
            target: new.target.into(),
        };
        self.change_attr(by, call, &[Subject::Name(name)], Some(1)).await
    }

    async fn link(&self, by: &dyn By, ino: Ino, dir: Ino, name: &[u8]) -> Result<Attr> {
        let call = Call::Link {
            ino: ino.into(),
            dir: dir.into(),
            name: name.into(),
        };
        let subjects = [Subject::Name(name), Subject::Inode(ino)];
        self.change_attr(by, call, &subjects, Some(1)).await
    }

    async fn unlink(&self, by: &dyn By, dir: Ino, name: &[u8], what: Unlink) -> Result<Attr> {
        let call = Call::Unlink {
            dir: dir.into(),
            name: name.into(),
            what: Wire(what),
        };
        let cache = &self.client.cache;
        let changed = self.client.ask(Some(by), call, |told| {
            let (before, after, at) = (told.before, told.after, told.at);
            let attr = calls::attr(told.one()?)?;
            // What has no name left may be gone.
            let kept = Some(attr).filter(|attr| attr.nlink > 0);
            cache.change(&[Subject::Name(name), Subject::Inode(attr.ino)], kept, at);
            cache.claim(before, after);
            Ok(attr)
        });
        let result = changed.await;
        match &result {
            // It may have been made all the same, and which inode it was is not known here.
            Err(e) if e.kind() == ErrorKind::Io => self.forget(&[Subject::All]),
            Err(_) => self.forget(&[Subject::Name(name)]),
            Ok(_) => {}
        }
        result
    }

    async fn rename(
        &self,
        by: &dyn By,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
    ) -> Result<()> {
        let cache = &self.client.cache;
        let now = self.client.now();
        // Their times and counts of names change.
        let known = |place: (Ino, &[u8])| cache.entry(View::Current, place.0, place.1, now).flatten();
        let (moved, replaced) = (known(from), known(to));
        let call = Call::Rename {
            from_dir: from.0.into(),
            from: from.1.into(),
            to_dir: to.0.into(),
            to: to.1.into(),
            mode: Wire(mode),
        };
        let names = [Subject::Name(from.1), Subject::Name(to.1)];
        let subjects = match (moved, replaced) {
            (Some(moved), Some(replaced)) => [
                names[0],
                names[1],
                Subject::Inode(moved),
                Subject::Inode(replaced),
            ],
            // Which inodes they are is not known here.
            _ => [Subject::All; 4],
        };
        self.change(by, call, &subjects, calls::done).await
    }

    async fn apply(&self, by: &dyn By, mutations: &[Mutation<'_>]) -> Result<Vec<Outcome>, Refused> {
        check_mutations(mutations)?;
        // Which inodes and names they concern is known to the server alone.
        let everything = [Subject::All];
        let calls = mutations.iter().map(Call::of_mutation).collect();
        let changed = self.client.change(by, calls, |told| {
            self.client.cache.change(&everything, None, told.at);
            let outcomes: Option<_> = told.answers.iter().map(Answer::as_outcome).collect();
            outcomes.ok_or_else(calls::unexpected)
        });
        let result = changed.await;
        if result.is_err() {
            self.forget(&everything);
        }
        result
    }

    async fn attr(&self, view: View, ino: Ino) -> Result<Attr> {
        if let Some(attr) = self.client.cache.attr(view, ino, self.client.now()) {
            return Ok(attr);
        }
        let told = |told: Told<'_>| {
            let at = told.at;
            let attr = calls::attr(told.one()?)?;
            self.client.cache.keep_attr(view, attr, at);
            Ok(attr)
        };
        self.client
            .ask(
                None,
                Call::Attr {
                    view: Wire(view),
                    ino: ino.into(),
                },
                told,
            )
            .await
    }

    async fn set_attr(&self, by: &dyn By, ino: Ino, set: &SetAttr) -> Result<Attr> {
        let call = Call::SetAttr {
            ino: ino.into(),
            set: Wire(*set),
        };
        self.change_attr(by, call, &[Subject::Inode(ino)], None).await
    }

    async fn xattr(&self, view: View, ino: Ino, name: &[u8]) -> Result<Vec<u8>> {
        let call = Call::Xattr {
            view: Wire(view),
            ino: ino.into(),
            name: name.into(),
        };
        self.look(call, calls::bytes).await
    }

    async fn xattrs(&self, view: View, ino: Ino) -> Result<Vec<Vec<u8>>> {
        self.look(
            Call::Xattrs {
                view: Wire(view),
                ino: ino.into(),
            },
            calls::list_of_bytes,
        )
        .await
    }

    async fn set_xattr(
        &self,
        by: &dyn By,
        ino: Ino,
        name: &[u8],
        value: &[u8],
        mode: XattrMode,
    ) -> Result<()> {
        let call = Call::SetXattr {
            ino: ino.into(),
            name: name.into(),
            value: value.into(),
            mode: Wire(mode),
        };
        self.change(by, call, &[Subject::Attr(ino)], calls::done).await
    }

    async fn remove_xattr(&self, by: &dyn By, ino: Ino, name: &[u8]) -> Result<()> {
        let call = Call::RemoveXattr {
            ino: ino.into(),
            name: name.into(),
        };
        self.change(by, call, &[Subject::Attr(ino)], calls::done).await
    }

    async fn read(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        buffer: &mut [u8],
        access: Access,
    ) -> Result<usize> {
        let mut done = 0;
        // What is longer than a request is several moments of the file.
        for part in buffer.chunks_mut(CONTENT_MAX) {
            let at = offset
                .saturating_add(done as u64)
                .min(u64::MAX - 2 * CONTENT_MAX as u64);
            let len = part.len();
            let n = match self.cached_read(view, ino, at, part) {
                Some(n) if len > 0 => n,
                _ => self.read_asking(view, ino, at, part, access).await?,
            };
            done += n;
            if n < len {
                break;
            }
        }
        Ok(done)
    }

    async fn read_link(&self, view: View, ino: Ino) -> Result<Vec<u8>> {
        self.look(
            Call::ReadLink {
                view: Wire(view),
                ino: ino.into(),
            },
            calls::bytes,
        )
        .await
    }

    async fn write(
        &self,
        by: &dyn By,
        ino: Ino,
        at: WriteAt,
        data: &[u8],
        clear_setid: bool,
    ) -> Result<Written> {
        if data.len() > CONTENT_MAX {
            return Err(Error::new(ErrorKind::Invalid).because("a write has at most 16 MiB"));
        }
        let call = Call::Write {
            ino: ino.into(),
            at: Wire(at),
            data: data.into(),
            clear_setid,
        };
        self.change(by, call, &[Subject::Inode(ino)], calls::written)
            .await
    }

    async fn allocate(
        &self,
        by: &dyn By,
        ino: Ino,
        how: Allocate,
        offset: u64,
        len: u64,
        clear_setid: bool,
    ) -> Result<()> {
        let call = Call::Allocate {
            ino: ino.into(),
            how: Wire(how),
            offset,
            len,
            clear_setid,
        };
        self.change(by, call, &[Subject::Inode(ino)], calls::done).await
    }

    async fn copy_range(
        &self,
        by: &dyn By,
        view: View,
        source: Ino,
        source_offset: u64,
        target: Ino,
        target_offset: u64,
        len: u64,
    ) -> Result<u64> {
        let call = Call::CopyRange {
            view: Wire(view),
            source: source.into(),
            source_offset,
            target: target.into(),
            target_offset,
            len,
        };
        self.change(by, call, &[Subject::Inode(target)], calls::number)
            .await
    }

    async fn seek(&self, view: View, ino: Ino, offset: u64, to: SeekTo) -> Result<u64> {
        let call = Call::Seek {
            view: Wire(view),
            ino: ino.into(),
            offset,
            to: Wire(to),
        };
        self.look(call, calls::number).await
    }

    async fn digests(&self, view: View, ino: Ino, from: u64, size: u32, count: u32) -> Result<Vec<Digest>> {
        check_digests(size, count)?;
        let call = Call::Digests {
            view: Wire(view),
            ino: ino.into(),
            from,
            size,
            count,
        };
        let bytes = self.look(call, calls::bytes).await?;
        let (digests, rest) = bytes.as_chunks();
        match rest.is_empty() && digests.len() <= count as usize {
            true => Ok(digests.to_vec()),
            false => Err(calls::unexpected()),
        }
    }

    async fn hold(&self, ino: Ino) -> Result<()> {
        self.client.hold(ino).await
    }

    async fn release(&self, ino: Ino) -> Result<()> {
        self.client.release(ino).await
    }

    async fn is_held(&self, ino: Ino) -> Result<bool> {
        if self.client.session.holds(ino) {
            return Ok(true);
        }
        self.look(Call::IsHeld { ino: ino.into() }, calls::yes).await
    }

    async fn sync(&self) -> Result<()> {
        self.look(Call::Sync {}, calls::done).await
    }

    async fn flush(&self) -> Result<()> {
        self.look(Call::Flush {}, calls::done).await
    }

    async fn position(&self) -> Result<Position> {
        self.look(Call::Position {}, calls::position).await
    }

    async fn layers(&self) -> Result<Vec<LayerInfo>> {
        self.look(Call::Layers {}, calls::layers).await
    }

    async fn find_layer(&self, name: &str) -> Result<LayerInfo> {
        self.look(
            Call::FindLayer {
                name: name.to_owned(),
            },
            calls::layer,
        )
        .await
    }

    async fn checkpoint(
        &self,
        by: &Actor,
        name: &str,
        description: Option<&str>,
        later: LaterLayers,
    ) -> Result<LayerInfo> {
        let call = Call::Checkpoint {
            name: name.to_owned(),
            description: description.map(str::to_owned),
            later: Wire(later),
        };
        self.change(by, call, &[Subject::All], calls::layer).await
    }

    async fn switch(&self, by: &Actor, layer: LayerId) -> Result<()> {
        self.change(by, Call::Switch { layer }, &[Subject::All], calls::done)
            .await
    }

    async fn drop_layer(&self, by: &Actor, layer: LayerId) -> Result<()> {
        self.change(by, Call::DropLayer { layer }, &[Subject::All], calls::done)
            .await
    }

    async fn squash(&self, by: &Actor, first: LayerId, last: LayerId) -> Result<()> {
        self.change(by, Call::Squash { first, last }, &[Subject::All], calls::done)
            .await
    }

    async fn tag(&self, by: &Actor, tag: &str, layer: Option<LayerId>) -> Result<()> {
        let call = Call::Tag {
            tag: tag.to_owned(),
            layer,
        };
        self.change(by, call, &[], calls::done).await
    }

    async fn diff(&self, from: LayerId, to: LayerId) -> Result<Vec<Change>> {
        self.look(Call::Diff { from, to }, calls::changes).await
    }

    async fn last_seq(&self) -> Result<Seq> {
        self.look(Call::LastSeq {}, calls::seq).await
    }

    async fn last_seq_by_others(&self, agent: &str) -> Result<Seq> {
        self.look(
            Call::LastSeqByOthers {
                agent: agent.to_owned(),
            },
            calls::seq,
        )
        .await
    }

    async fn standing(&self, after: Seq) -> Result<Standing> {
        let query = LogQuery {
            after: Some(after),
            limit: 1,
            ..LogQuery::default()
        };
        let asked = vec![
            Call::Position {},
            Call::Tenant {},
            Call::Log { query: Wire(query) },
            Call::LastSeq {},
        ];
        let told = self.client.send(self.client.batch(None, asked), |told| {
            let mut answers = told.answers.into_iter();
            let mut next = || answers.next().ok_or_else(calls::unexpected);
            Ok(Standing {
                position: calls::position(next()?)?,
                tenant: calls::tenant(next()?)?,
                record: calls::records(next()?)?.into_iter().next(),
                last: calls::seq(next()?)?,
            })
        });
        Ok(told.await?)
    }

    async fn changed(&self, after: Seq, patience: Duration) -> Result<Seq> {
        self.client.changed(after, patience).await
    }

    fn wake(&self) {
        self.client.woken.notify_waiters();
    }

    async fn settle(&self, _besides: Option<&dyn Follower>) -> Result<()> {
        self.look(Call::Settle {}, calls::done).await
    }

    async fn log(&self, query: &LogQuery) -> Result<Vec<LogRecord>> {
        let wanted = query.limit_or_default();
        let (mut all, mut query) = (Vec::new(), query.clone());
        loop {
            query.limit = (wanted - all.len()).min(LOG_MAX);
            let records = self
                .look(
                    Call::Log {
                        query: Wire(query.clone()),
                    },
                    calls::records,
                )
                .await?;
            let ended = records.len() < query.limit;
            if let Some(last) = records.last() {
                let next = if query.newest_first {
                    &mut query.before
                } else {
                    &mut query.after
                };
                *next = Some(last.seq);
            }
            all.extend(records);
            if ended || all.len() >= wanted {
                return Ok(all);
            }
        }
    }

    async fn log_refusal(
        &self,
        by: &Actor,
        operation: Operation,
        path: &[u8],
        kind: ErrorKind,
    ) -> Result<()> {
        let call = Call::LogRefusal {
            operation: Wire(operation),
            path: path.into(),
            kind: Wire(kind),
        };
        self.change(by, call, &[], calls::done).await
    }

    async fn tenant(&self) -> Result<TenantInfo> {
        self.look(Call::Tenant {}, calls::tenant).await
    }

    async fn device_free(&self) -> Result<Option<u64>> {
        self.look(Call::DeviceFree {}, calls::free).await
    }

    async fn performance(&self) -> Result<Performance> {
        self.look(Call::Performance {}, calls::performance).await
    }

    async fn gc(&self) -> Result<GcReport> {
        self.look(Call::Gc {}, calls::gc).await
    }
}
