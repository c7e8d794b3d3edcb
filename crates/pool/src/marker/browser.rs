//! The browser: JavaScript handles belong to one worker, so nothing is asked of a type.

/// Nothing: a browser handle cannot leave its worker.
pub trait MaybeSend {}
impl<T: ?Sized> MaybeSend for T {}

/// Nothing: a browser handle cannot be shared between workers.
pub trait MaybeSync {}
impl<T: ?Sized> MaybeSync for T {}
