//! Content that comes in: small content in one step, large content in pieces that nobody sees until the last of them is there.

use std::sync::{Arc, PoisonError};

use tarbox_fs::FilesystemInterface;
use tarbox_store::{Store, WriteAt};

use crate::app::{App, Backend};
use crate::auth::{Caller, expired};
use crate::blocks::changed;
use crate::body::Pieces;
use crate::conditions::Conditions;
use crate::files::Files;
use crate::location::Location;
use crate::problem::{Answer, Problem};
use crate::reading::OpenFile;
use crate::replace::{Beside, Change, Changed};
use crate::watchdog::Watchdog;

/// Content to this size is taken into memory and put in its place in one go.
const SMALL: usize = 1 << 20;
/// Pieces of larger content.
const PIECE: usize = 1 << 20;
/// Bytes that are copied in one step.
const COPY: u64 = 64 << 20;

/// A change of one file's content, from a request.
pub(crate) struct Upload<D: Backend> {
    pub(crate) app: App<D>,
    pub(crate) caller: Caller<D::Store>,
    pub(crate) location: Arc<Location>,
    pub(crate) conditions: Arc<Conditions>,
    pub(crate) mode: u32,
    /// Whether the answer waits for the device.
    pub(crate) durable: bool,
}

impl<D: Backend> Clone for Upload<D> {
    fn clone(&self) -> Self {
        Self {
            app: self.app.clone(),
            caller: self.caller.clone(),
            location: self.location.clone(),
            conditions: self.conditions.clone(),
            ..*self
        }
    }
}

/// Content that comes piece by piece.
pub(crate) struct Incoming<D: Backend> {
    upload: Upload<D>,
    watchdog: Watchdog,
    small: Vec<u8>,
    large: Option<Unfinished<D>>,
}

impl<D: Backend> Incoming<D> {
    pub(crate) fn new(upload: Upload<D>) -> Self {
        Self {
            watchdog: Watchdog::of(&upload.caller.key),
            upload,
            small: Vec::new(),
            large: None,
        }
    }

    /// Takes the next piece.
    pub(crate) async fn push(&mut self, piece: Vec<u8>) -> Answer<()> {
        if self.is_small_with(piece.len() as u64) {
            self.small.extend_from_slice(&piece);
            return Ok(());
        }
        if self.upload.app.is_ending() {
            return Err(ending());
        }
        if !self.watchdog.allows(&self.upload.app) {
            return Err(expired());
        }
        let large = self.large().await?;
        self.large = Some(large.append(piece).await?);
        Ok(())
    }

    /// Takes a part of another file: whole blocks are shared.
    pub(crate) async fn take(&mut self, file: &Arc<OpenFile<D>>, from: u64, len: u64) -> Answer<()> {
        if self.is_small_with(len) {
            let (file, app) = (file.clone(), self.upload.app.clone());
            let read = async move || {
                let mut piece = vec![0; len as usize];
                let read = file.read(from, &mut piece).await?;
                piece.truncate(read);
                Ok(piece)
            };
            let piece = app.work(read).await?;
            return match piece.len() as u64 == len {
                true => self.push(piece).await,
                false => Err(changed()),
            };
        }
        self.copy(Some(file.clone()), from, len).await
    }

    /// Takes a part of what has come already once more.
    pub(crate) async fn repeat(&mut self, from: u64, len: u64) -> Answer<()> {
        let part = from as usize..from.saturating_add(len) as usize;
        match self.small.get(part) {
            Some(piece) if self.is_small_with(len) => self.push(piece.to_vec()).await,
            _ => self.copy(None, from, len).await,
        }
    }

    fn is_small_with(&self, more: u64) -> bool {
        self.large.is_none() && self.small.len() as u64 + more <= SMALL as u64
    }

    async fn copy(&mut self, file: Option<Arc<OpenFile<D>>>, from: u64, len: u64) -> Answer<()> {
        if !self.watchdog.allows(&self.upload.app) {
            return Err(expired());
        }
        let large = self.large().await?;
        self.large = Some(large.copy(file, from, len).await?);
        Ok(())
    }

    async fn large(&mut self) -> Answer<Unfinished<D>> {
        match self.large.take() {
            Some(large) => Ok(large),
            None => self.begin_large().await,
        }
    }

    async fn begin_large(&mut self) -> Answer<Unfinished<D>> {
        let begin = self.upload.clone();
        let beside = self
            .upload
            .app
            .work(async move || begin.as_change().begin_large().await)
            .await?;
        let large = Unfinished {
            upload: self.upload.clone(),
            beside: Some(beside),
        };
        match std::mem::take(&mut self.small) {
            small if small.is_empty() => Ok(large),
            small => large.append(small).await,
        }
    }

    /// Puts all that has come in its place.
    pub(crate) async fn finish(self) -> Answer<Changed> {
        let Some(mut large) = self.large else {
            let small = self.small;
            return self
                .upload
                .change(async move |change| change.put(&small).await)
                .await;
        };
        let beside = large.beside.take().ok_or_else(crate::app::broken)?;
        self.upload
            .change(async move |change| change.complete(beside).await)
            .await
    }
}

/// A large file that is not whole yet; removed if nobody goes on with it.
struct Unfinished<D: Backend> {
    upload: Upload<D>,
    beside: Option<Beside>,
}

impl<D: Backend> Drop for Unfinished<D> {
    fn drop(&mut self) {
        if let Some(beside) = self.beside.take() {
            let upload = self.upload.clone();
            // Nobody is left to wait for it.
            tokio::task::spawn_blocking(move || {
                let caller = &upload.caller;
                pollster::block_on(beside.discard(&caller.files.fs, &caller.who));
            });
        }
    }
}

impl<D: Backend> Upload<D> {
    /// Gives the file the content that a body brings.
    pub(crate) async fn put(self, mut pieces: Pieces) -> Answer<Changed> {
        let mut incoming = Incoming::new(self);
        loop {
            let piece = pieces.next(PIECE).await?;
            if piece.is_empty() {
                return incoming.finish().await;
            }
            incoming.push(piece).await?;
        }
    }

    /// Whether the file could be changed as it is now.
    pub(crate) async fn check(&self) -> Answer<()> {
        self.as_change().check().await.map(drop)
    }

    /// Writes what a body brings at one place, in one step.
    pub(crate) async fn write(self, at: WriteAt, data: Vec<u8>) -> Answer<(Changed, u64)> {
        self.change(async move |change| change.write(at, &data).await)
            .await
    }

    /// Makes a change, alone if it depends on what is there, and waits until it will last.
    async fn change<T, F>(&self, make: F) -> Answer<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(Change<'_, D::Store>) -> Answer<T> + Send + 'static,
    {
        let upload = self.clone();
        let changed = async move || {
            let files: &Files<D::Store> = &upload.caller.files;
            let made = if upload.conditions.are_there() {
                let _alone = files.conditional.write().unwrap_or_else(PoisonError::into_inner);
                make(upload.as_change()).await?
            } else {
                let _shared = files.conditional.read().unwrap_or_else(PoisonError::into_inner);
                make(upload.as_change()).await?
            };
            if upload.durable {
                files.fs.store().sync().await?;
            }
            Ok(made)
        };
        self.app.work(changed).await
    }

    fn as_change(&self) -> Change<'_, D::Store> {
        Change {
            fs: &self.caller.files.fs,
            who: &self.caller.who,
            scope: self.caller.key.scope,
            location: &self.location,
            conditions: &self.conditions,
            mode: self.mode,
        }
    }
}

impl<D: Backend> Unfinished<D> {
    /// Adds a piece at the end. The file is removed if that fails.
    async fn append(self, piece: Vec<u8>) -> Answer<Self> {
        let app = self.upload.app.clone();
        let write = async move || {
            if let Some(beside) = &self.beside {
                let fs = &self.upload.caller.files.fs;
                fs.write(beside.handle, WriteAt::End, &piece).await?;
            }
            Ok(self)
        };
        app.work(write).await
    }

    /// Adds a part of another file, or of this one, at the end. The file is removed if that fails.
    async fn copy(self, file: Option<Arc<OpenFile<D>>>, from: u64, len: u64) -> Answer<Self> {
        let app = self.upload.app.clone();
        let copy = async move || {
            if let Some(beside) = &self.beside {
                let fs = &self.upload.caller.files.fs;
                let target = beside.handle;
                let source = match &file {
                    Some(file) => file.handle()?,
                    None => target,
                };
                let end = fs.getattr(fs.handle(target)?.ino).await?.size;
                let mut done = 0;
                while done < len {
                    let (from, to) = ((source, from + done), (target, end + done));
                    match fs.copy_range(from, to, (len - done).min(COPY)).await? {
                        0 => return Err(changed()),
                        copied => done += copied,
                    }
                }
            }
            Ok(self)
        };
        app.work(copy).await
    }
}

/// The server ends before the change was made.
pub(crate) fn ending() -> Problem {
    Problem::new(
        axum::http::StatusCode::SERVICE_UNAVAILABLE,
        "ENDING",
        "the server ends; nothing was changed",
    )
    .with(axum::http::header::RETRY_AFTER, 5)
}
