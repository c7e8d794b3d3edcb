//! Synchronous callers of asynchronous operations.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tarbox_store::Result;

/// Runs an operation to its end for a caller that is not asynchronous.
///
/// Operations on an embedded store are always ready at the first poll, so this costs one call and no wake-up
/// machinery. Only a remote store, or waiting for a lock, comes back pending; then the thread is parked until it is
/// woken.
///
/// # Errors
/// Those of the operation. On WebAssembly, which has one thread and nothing that could wake it, an operation that is
/// not ready at once is `WouldBlock`.
pub fn blocking<T>(operation: impl Future<Output = Result<T>>) -> Result<T> {
    let mut operation = pin!(operation);
    match operation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => park(operation),
    }
}

#[cfg(not(target_family = "wasm"))]
fn park<T>(operation: impl Future<Output = Result<T>>) -> Result<T> {
    pollster::block_on(operation)
}

#[cfg(target_family = "wasm")]
fn park<T>(_operation: impl Future<Output = Result<T>>) -> Result<T> {
    Err(tarbox_store::Error::new(tarbox_store::ErrorKind::WouldBlock)
        .because("the operation would wait forever, since this target has no other threads"))
}

#[cfg(test)]
mod tests {
    use std::future::{poll_fn, ready};

    use super::*;

    #[test]
    fn a_ready_operation_ends_at_the_first_poll() {
        let mut polls = 0;
        let result = blocking(poll_fn(|_| {
            polls += 1;
            Poll::Ready(Ok(7))
        }));
        assert_eq!((result.unwrap(), polls), (7, 1));
        assert_eq!(blocking(ready(Ok(1))).unwrap(), 1);
    }

    #[test]
    #[cfg(not(target_family = "wasm"))]
    fn a_pending_operation_is_waited_for() {
        let mut first = true;
        let result = blocking(poll_fn(move |context| {
            if std::mem::take(&mut first) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(Ok("woken"))
        }));
        assert_eq!(result.unwrap(), "woken");
    }
}
