//! A call, done by the store.

use std::time::Duration;

use tarbox_protocol::{Answer, Bytes, Call, Class, Failure, Node, Wire};
use tarbox_store::*;

use crate::Caller;
use crate::session::Session;

/// A batch under way.
pub(crate) struct Execution<'e, S> {
    pub(crate) store: &'e S,
    pub(crate) caller: &'e Caller,
    pub(crate) by: Actor,
    /// Of the first change.
    pub(crate) conditions: &'e [Condition<'e>],
    pub(crate) session: Option<&'e Session>,
    pub(crate) calls: &'e [Call<'e>],
    pub(crate) answers: Vec<Answer<'static>>,
}

impl<S: Store> Execution<'_, S> {
    /// Runs the calls one after the other, until one fails.
    pub(crate) async fn run(&mut self) -> Result<()> {
        let mut conditions = self.conditions;
        for call in self.calls {
            let rests_on = match call.class() {
                Class::Change | Class::History => std::mem::take(&mut conditions),
                _ => &[],
            };
            let by = Guarded {
                actor: &self.by,
                conditions: rests_on,
            };
            let answer = self.execute(call, &by).await?;
            self.answers.push(answer);
        }
        Ok(())
    }

    /// Runs calls that look, each for itself.
    pub(crate) async fn run_each(&mut self) {
        let by = Guarded {
            actor: &self.by,
            conditions: &[],
        };
        for call in self.calls {
            let answer = self.execute(call, &by).await;
            let failed = |e: Error| Answer::Failed(Failure::from(&e));
            self.answers.push(answer.unwrap_or_else(failed));
        }
    }

    /// Runs the calls that look, and then makes all changes, or none.
    pub(crate) async fn run_as_one(&mut self) -> Result<(), Refused> {
        let looks = self.calls.iter().take_while(|call| call.class() == Class::Look);
        let looks = looks.count();
        let (looks, changes) = self.calls.split_at(looks);
        let by = Guarded {
            actor: &self.by,
            conditions: self.conditions,
        };
        for call in looks {
            let answer = self.execute(call, &by).await?;
            self.answers.push(answer);
        }
        let resolve = |node: Node| match node {
            Node::Answer(at) if usize::from(at) >= looks.len() => {
                Ok(tarbox_store::InodeRef::Outcome(usize::from(at) - looks.len()))
            }
            node => self.at(&node).map(tarbox_store::InodeRef::Ino),
        };
        let mut mutations = Vec::with_capacity(changes.len());
        for (place, call) in changes.iter().enumerate() {
            let at = Some(looks.len() + place);
            let mutation = call.as_mutation(resolve).map_err(|error| Refused { at, error })?;
            mutations.push(mutation.ok_or(Error::from(ErrorKind::Invalid))?);
        }
        let outcomes = self.store.apply(&by, &mutations).await.map_err(|refused| {
            let at = refused.at.map(|at| looks.len() + at);
            Refused { at, ..refused }
        })?;
        self.answers.extend(outcomes.into_iter().map(Answer::from));
        Ok(())
    }

    /// The inode that is meant.
    fn at(&self, node: &Node) -> Result<Ino> {
        let at = match *node {
            Node::Ino(ino) => return Ok(ino),
            Node::Answer(at) => usize::from(at),
        };
        if let (Some(Call::Walk { names, start, .. }), Some(Answer::Attrs(found))) =
            (self.calls.get(at), self.answers.get(at))
        {
            return match found.last() {
                None if names.is_empty() => self.at(start),
                Some(last) if found.len() == names.len() => Ok(last.0.ino),
                Some(last) if !last.0.is_dir() => Err(ErrorKind::NotDirectory.into()),
                _ => Err(ErrorKind::NotFound.into()),
            };
        }
        self.answers.get(at).and_then(Answer::ino).ok_or_else(|| {
            Error::new(ErrorKind::Invalid).because("the answer that a call refers to names no inode")
        })
    }

    fn session(&self) -> Result<&Session> {
        self.session
            .ok_or_else(|| Error::new(ErrorKind::Invalid).because("only a session holds inodes"))
    }

    async fn execute(&self, call: &Call<'_>, by: &Guarded<'_>) -> Result<Answer<'static>> {
        let store = self.store;
        Ok(match call {
            Call::Lookup { view, dir, name } => attr(store.lookup(view.0, self.at(dir)?, name).await?),
            Call::Walk { view, start, names } => {
                let names: Vec<&[u8]> = names.iter().map(|name| &**name).collect();
                Answer::Attrs(wires(store.walk(view.0, self.at(start)?, &names).await?))
            }
            Call::List {
                view,
                dir,
                after,
                limit,
            } => Answer::Entries(wires(
                store.list(view.0, self.at(dir)?, *after, *limit as usize).await?,
            )),
            Call::ListNames {
                view,
                dir,
                after,
                limit,
            } => {
                let names = store.list_names(view.0, self.at(dir)?, *after, *limit as usize);
                Answer::Names(wires(names.await?))
            }
            Call::Parent { view, dir } => Answer::Ino(store.parent(view.0, self.at(dir)?).await?),
            Call::PathOf { view, ino } => bytes(store.path_of(view.0, self.at(ino)?).await?),
            Call::Attr { view, ino } => attr(store.attr(view.0, self.at(ino)?).await?),
            Call::Xattr { view, ino, name } => bytes(store.xattr(view.0, self.at(ino)?, name).await?),
            Call::Xattrs { view, ino } => {
                let names = store.xattrs(view.0, self.at(ino)?).await?;
                Answer::ListOfBytes(names.into_iter().map(Bytes::from).collect())
            }
            Call::Read {
                view,
                ino,
                offset,
                len,
                access,
            } => {
                let mut buffer = vec![0; *len as usize];
                // Noting an access is a change.
                let access = match self.caller.may_write {
                    true => access.0,
                    false => Access::Quiet,
                };
                let n = store
                    .read(view.0, self.at(ino)?, *offset, &mut buffer, access)
                    .await?;
                buffer.truncate(n);
                bytes(buffer)
            }
            Call::ReadLink { view, ino } => bytes(store.read_link(view.0, self.at(ino)?).await?),
            Call::Seek {
                view,
                ino,
                offset,
                to,
            } => Answer::Number(store.seek(view.0, self.at(ino)?, *offset, to.0).await?),
            Call::Digests {
                view,
                ino,
                from,
                size,
                count,
            } => {
                let digests = store.digests(view.0, self.at(ino)?, *from, *size, *count).await?;
                bytes(digests.concat())
            }
            Call::IsHeld { ino } => Answer::Yes(store.is_held(self.at(ino)?).await?),
            Call::Position {} => Answer::Position(Wire(store.position().await?)),
            Call::Layers {} => Answer::Layers(wires(store.layers().await?)),
            Call::FindLayer { name } => Answer::Layer(Wire(store.find_layer(name).await?)),
            Call::Diff { from, to } => Answer::Changes(wires(store.diff(*from, *to).await?)),
            Call::LastSeq {} => Answer::Seq(store.last_seq().await?),
            Call::LastSeqByOthers { agent } => {
                Answer::Seq(store.last_seq_by_others(&self.caller.agent(agent)).await?)
            }
            // The wait is over before the batch is executed: nothing is locked meanwhile.
            Call::Changed { after, .. } => Answer::Seq(store.changed(*after, Duration::ZERO).await?),
            Call::Log { query } => Answer::Records(wires(store.log(&query.0).await?)),
            Call::Tenant {} => Answer::Tenant(Wire(store.tenant().await?)),
            Call::DeviceFree {} => Answer::Free(store.device_free().await?),
            Call::Performance {} => Answer::Performance(Wire(store.performance().await?)),
            Call::Create {
                dir,
                name,
                kind,
                mode,
                uid,
                gid,
                rdev,
                target,
            } => {
                let new = NewInode {
                    kind: *kind,
                    mode: *mode,
                    uid: *uid,
                    gid: *gid,
                    rdev: *rdev,
                    target,
                };
                attr(store.create(by, self.at(dir)?, name, &new).await?)
            }
            Call::Link { ino, dir, name } => attr(store.link(by, self.at(ino)?, self.at(dir)?, name).await?),
            Call::Unlink { dir, name, what } => attr(store.unlink(by, self.at(dir)?, name, what.0).await?),
            Call::Rename {
                from_dir,
                from,
                to_dir,
                to,
                mode,
            } => {
                let (from, to) = ((self.at(from_dir)?, &**from), (self.at(to_dir)?, &**to));
                done(store.rename(by, from, to, mode.0).await?)
            }
            Call::SetAttr { ino, set } => attr(store.set_attr(by, self.at(ino)?, &set.0).await?),
            Call::SetXattr {
                ino,
                name,
                value,
                mode,
            } => done(store.set_xattr(by, self.at(ino)?, name, value, mode.0).await?),
            Call::RemoveXattr { ino, name } => done(store.remove_xattr(by, self.at(ino)?, name).await?),
            Call::Write {
                ino,
                at,
                data,
                clear_setid,
            } => {
                let written = store.write(by, self.at(ino)?, at.0, data, *clear_setid).await?;
                Answer::Written(Wire(written))
            }
            Call::Allocate {
                ino,
                how,
                offset,
                len,
                clear_setid,
            } => {
                let range = store.allocate(by, self.at(ino)?, how.0, *offset, *len, *clear_setid);
                done(range.await?)
            }
            Call::CopyRange {
                view,
                source,
                source_offset,
                target,
                target_offset,
                len,
            } => {
                let (source, target) = (self.at(source)?, self.at(target)?);
                let copied =
                    store.copy_range(by, view.0, source, *source_offset, target, *target_offset, *len);
                Answer::Number(copied.await?)
            }
            Call::LogRefusal {
                operation,
                path,
                kind,
            } => done(store.log_refusal(by.actor, operation.0, path, kind.0).await?),
            Call::Gc {} => Answer::Gc(Wire(store.gc().await?)),
            Call::Checkpoint {
                name,
                description,
                later,
            } => {
                let sealed = store.checkpoint(by.actor, name, description.as_deref(), later.0);
                Answer::Layer(Wire(sealed.await?))
            }
            Call::Switch { layer } => done(store.switch(by.actor, *layer).await?),
            Call::DropLayer { layer } => done(store.drop_layer(by.actor, *layer).await?),
            Call::Squash { first, last } => done(store.squash(by.actor, *first, *last).await?),
            Call::Tag { tag, layer } => done(store.tag(by.actor, tag, *layer).await?),
            Call::Hold { ino } => done(self.session()?.hold(store, self.at(ino)?).await?),
            Call::Release { ino } => done(self.session()?.release(store, self.at(ino)?).await?),
            Call::Sync {} => done(store.sync().await?),
            Call::Flush {} => done(store.flush().await?),
            Call::Settle {} => done(store.settle(None).await?),
            // These are the desk's, and alone in their batch.
            Call::OpenSession {} | Call::CloseSession {} => return Err(ErrorKind::Invalid.into()),
        })
    }
}

fn attr(attr: Attr) -> Answer<'static> {
    Answer::Attr(Wire(attr))
}

fn bytes(bytes: Vec<u8>) -> Answer<'static> {
    Answer::Bytes(bytes.into())
}

fn done((): ()) -> Answer<'static> {
    Answer::Done
}

fn wires<T>(items: Vec<T>) -> Vec<Wire<T>> {
    items.into_iter().map(Wire).collect()
}
