//! Refused changes, for the audit.

use tarbox_store::{Error, ErrorKind, Ino, Operation, Result, Store};

use super::{Fs, Place};
use crate::interface::Credentials;

/// What a change was to be made to.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    Inode(Ino),
    Entry(Ino, &'a [u8]),
}

impl<S: Store> Fs<S> {
    /// Passes the result on, and records it if it is a refusal of a change.
    pub(super) async fn audited<T>(
        &self,
        who: &Credentials,
        operation: Operation,
        subject: Subject<'_>,
        result: Result<T>,
    ) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(e) => {
                self.record_refusal(who, operation, subject, &e).await;
                Err(e)
            }
        }
    }

    /// Best effort: where the record cannot be kept either (a full disk, a suspended tenant), the caller still learns
    /// of the refusal itself.
    async fn record_refusal(
        &self,
        who: &Credentials,
        operation: Operation,
        subject: Subject<'_>,
        error: &Error,
    ) {
        use ErrorKind::*;
        if !matches!(error.kind(), Access | NotPermitted | ReadOnly | QuotaExceeded) {
            return;
        }
        let path = self.path_of_subject(subject).await;
        drop(
            self.store
                .log_refusal(&who.actor, operation, &path, error.kind())
                .await,
        );
    }

    async fn path_of_subject(&self, subject: Subject<'_>) -> Vec<u8> {
        let (ino, name) = match subject {
            Subject::Inode(ino) => (ino, None),
            Subject::Entry(dir, name) => (dir, Some(name)),
        };
        let path = match self.place(ino) {
            Ok(place) => self.path_of_place(place).await,
            Err(e) => Err(e),
        };
        let mut path = path.unwrap_or_else(|_| format!("inode {ino}").into_bytes());
        if let Some(name) = name {
            if path.last() != Some(&b'/') {
                path.push(b'/');
            }
            path.extend_from_slice(name);
        }
        path
    }

    /// An absolute path of what is at a place.
    pub(crate) async fn path_of_place(&self, place: Place) -> Result<Vec<u8>> {
        match place {
            Place::Real(ino) => self.store.path_of(tarbox_store::View::Current, ino).await,
            Place::Hook(node) => self.hook_path(node),
            Place::Snapshot(layer, ino) => {
                let below = self.store.path_of(tarbox_store::View::Layer(layer), ino).await?;
                let mut path = self.snapshot_path(layer).await?;
                if below != b"/" {
                    path.extend_from_slice(&below);
                }
                Ok(path)
            }
        }
    }
}
