//! The file system: POSIX meaning on one tenant's store.

mod attributes;
mod audit;
mod content;
mod entries;
mod grounds;
mod handles;
mod implementation;
mod locking;
mod lookup;
mod opening;
mod options;
mod place;
mod space;
mod xattr;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use tarbox_store::{Attr, Database, Ino, Result, Store};

pub(crate) use entries::fixed_hooks;
pub(crate) use handles::Open;
pub use options::{FsOptions, Hooks};
pub(crate) use place::Place;
pub use place::Realm;

use crate::hooks::Session;
use crate::interface::Handle;
use crate::locks::LockTable;
use handles::HandleTable;
use place::SnapshotSlots;

/// The file system of one tenant, on any store: implements [`FilesystemInterface`](crate::FilesystemInterface), and
/// with it [`FilesystemExt`](crate::FilesystemExt).
///
/// It is shared by reference between threads. Dropping it closes what is still open; where the store is a remote one, call
/// [`close_all`](Self::close_all) before, since a drop waits for nothing. Handles, locks and the numbers of snapshot inodes belong to this object;
/// all else is the store's, so several objects (and processes) on one tenant see the same files.
pub struct Fs<S: Store> {
    store: S,
    options: FsOptions,
    handles: HandleTable,
    slots: SnapshotSlots,
    locks: LockTable,
    session: Session,
}

impl<S: Store> Fs<S> {
    /// The file system on this store, with hooks, and as many handles as fit.
    pub fn new(store: S) -> Self {
        Self::with_options(store, FsOptions::default())
    }

    /// The same with options.
    pub fn with_options(store: S, options: FsOptions) -> Self {
        Self {
            handles: HandleTable::new(options.handles_max),
            options,
            store,
            slots: SnapshotSlots::default(),
            locks: LockTable::default(),
            session: Session::default(),
        }
    }

    /// The file system of a tenant of this database.
    ///
    /// # Errors
    /// `NotFound` if there is no such tenant, `Suspended` if it is suspended.
    pub async fn open_tenant<D: Database<Store = S>>(database: &D, tenant: &str) -> Result<Self> {
        database.open_tenant(tenant).await.map(Self::new)
    }

    /// The store underneath: layers, log and accounts are asked there.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Closes every handle, and so lets go of files that only lived because they were open.
    ///
    /// # Errors
    /// The first that closing one of them gave; the others are closed nevertheless.
    pub async fn close_all(&self) -> Result<()> {
        let mut first = Ok(());
        for handle in self.handles.all() {
            first = first.and(self.close(handle).await);
        }
        first
    }

    /// How it was set up.
    pub fn options(&self) -> &FsOptions {
        &self.options
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn place(&self, ino: Ino) -> Result<Place> {
        self.slots.place(ino)
    }

    pub(crate) fn number(&self, place: Place) -> Result<Ino> {
        self.slots.number(place)
    }

    pub(crate) fn open_handle(&self, handle: Handle) -> Result<Arc<Open>> {
        self.handles.get(handle)
    }

    /// The attributes of what is at a place, with the number callers know.
    pub(crate) async fn attr_at(&self, place: Place) -> Result<Attr> {
        match place.in_store() {
            Some((view, ino)) => {
                let mut attr = self.store.attr(view, ino).await?;
                self.slots.renumber(view, &mut attr)?;
                Ok(attr)
            }
            None => match place {
                Place::Hook(node) => self.hook_attr(node).await,
                Place::Real(_) | Place::Snapshot(..) => unreachable!("these are in the store"),
            },
        }
    }
}

impl<S: Store> Drop for Fs<S> {
    fn drop(&mut self) {
        // Embedded stores are done at the first poll; nothing here may wait for others.
        let mut closing = pin!(self.close_all());
        drop(closing.as_mut().poll(&mut Context::from_waker(Waker::noop())));
    }
}
