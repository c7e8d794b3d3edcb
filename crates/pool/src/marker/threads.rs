//! Targets with threads: a pool may be shared between them.

/// `Send`, where the target has threads.
pub trait MaybeSend: Send {}
impl<T: Send + ?Sized> MaybeSend for T {}

/// `Sync`, where the target has threads.
pub trait MaybeSync: Sync {}
impl<T: Sync + ?Sized> MaybeSync for T {}
