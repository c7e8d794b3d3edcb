//! Files that are read for an answer.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures_util::stream;
use tarbox_fs::{FilesystemExt, FilesystemInterface, Handle, OpenFlags};
use tarbox_store::{Attr, ErrorKind};

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::location::Location;
use crate::problem::{Answer, Problem};
use crate::watchdog::Watchdog;

/// Pieces of large answers.
const PIECE: u64 = 1 << 20;

/// A file that is read; closed with its answer, however that ends.
pub(crate) struct OpenFile<D: Backend> {
    app: App<D>,
    caller: Caller<D::Store>,
    handle: Option<Handle>,
}

impl<D: Backend> Drop for OpenFile<D> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            let files = self.caller.files.clone();
            let close = async move { drop(files.fs.release(handle).await) };
            // Mostly it is closed at once; what waits does so on its own.
            let mut close = Box::pin(close);
            let waker = std::task::Waker::noop();
            if close
                .as_mut()
                .poll(&mut std::task::Context::from_waker(waker))
                .is_pending()
            {
                tokio::spawn(close);
            }
        }
    }
}

impl<D: Backend> OpenFile<D> {
    /// Opens what a location leads to, if the caller may read it.
    pub(crate) async fn open(
        app: App<D>,
        caller: &Caller<D::Store>,
        location: &Location,
    ) -> Answer<(Attr, Self)> {
        let fs = &caller.files.fs;
        let opened = fs.open_path(&caller.who, location.path(), OpenFlags::READ, None);
        let (attr, handle) = opened.await?;
        let file = Self {
            app,
            caller: caller.clone(),
            handle: Some(handle),
        };
        Ok((attr, file))
    }

    /// What it is open by.
    pub(crate) fn handle(&self) -> Answer<Handle> {
        Ok(self.handle.ok_or(ErrorKind::BadHandle)?)
    }

    /// The attributes as they are now.
    pub(crate) async fn attr(&self) -> Answer<Attr> {
        let fs = &self.caller.files.fs;
        Ok(fs.getattr(fs.handle(self.handle()?)?.ino).await?)
    }

    /// A small part at once.
    pub(crate) async fn whole(self, from: u64, len: usize) -> Answer<Vec<u8>> {
        let mut buffer = vec![0; len];
        let read = self.read(from, &mut buffer).await?;
        match read == len {
            true => Ok(buffer),
            false => Err(cut()),
        }
    }

    /// Fills a buffer from one byte on, as far as the file goes.
    pub(crate) async fn read(&self, at: u64, buffer: &mut [u8]) -> Answer<usize> {
        let handle = self.handle()?;
        let mut len = 0;
        while len < buffer.len() {
            match self
                .caller
                .files
                .fs
                .read(handle, at + len as u64, &mut buffer[len..])
                .await?
            {
                0 => break,
                read => len += read,
            }
        }
        Ok(len)
    }

    /// All from one byte to the one before the other, in pieces that are read when they are wanted.
    pub(crate) fn pieces(self, from: u64, to: u64) -> Body {
        let watchdog = Watchdog::of(&self.caller.key);
        let pieces = stream::try_unfold(
            (self, watchdog, from),
            move |(file, mut watchdog, at)| async move {
                if at >= to {
                    return Ok::<_, Problem>(None);
                }
                if !watchdog.allows(&file.app) {
                    return Err(crate::auth::expired());
                }
                let app = file.app.clone();
                let read = async move || {
                    let mut buffer = vec![0; (to - at).min(PIECE) as usize];
                    let read = file.read(at, &mut buffer).await?;
                    match read == buffer.len() {
                        true => Ok((Bytes::from(buffer), file)),
                        false => Err(cut()),
                    }
                };
                let (piece, file) = app.work(read).await?;
                let next = at + piece.len() as u64;
                Ok(Some((piece, (file, watchdog, next))))
            },
        );
        Body::from_stream(futures_util::TryStreamExt::map_err(pieces, |problem| {
            std::io::Error::other(problem.code())
        }))
    }
}

/// The file became shorter while it was read.
fn cut() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "CHANGED",
        "the file was cut while it was read",
    )
}
