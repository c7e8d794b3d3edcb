//! Futures of which nobody needs to know the type.

use std::future::Future;
use std::pin::Pin;

use tarbox_store::MaybeSend;

/// A future that may go to another thread where there are threads.
pub(crate) trait MaybeSendFuture<R>: Future<Output = R> + MaybeSend {}

impl<R, F: Future<Output = R> + MaybeSend> MaybeSendFuture<R> for F {}

/// One in a box: its code is there once, and not in every crate that awaits it.
pub(crate) type Boxed<'a, R> = Pin<Box<dyn MaybeSendFuture<R> + 'a>>;
