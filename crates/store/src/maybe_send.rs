//! `Send` and `Sync` where threads exist, nothing where they do not.
//!
//! Futures and stores must cross threads on native targets; in a browser they hold JavaScript handles that cannot.

#[cfg(not(target_family = "wasm"))]
mod marker {
    /// [`Send`] on targets with threads, any type elsewhere.
    pub trait MaybeSend: Send {}
    impl<T: Send + ?Sized> MaybeSend for T {}
    /// [`Sync`] on targets with threads, any type elsewhere.
    pub trait MaybeSync: Sync {}
    impl<T: Sync + ?Sized> MaybeSync for T {}
}

#[cfg(target_family = "wasm")]
mod marker {
    /// [`Send`] on targets with threads, any type elsewhere.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}
    /// [`Sync`] on targets with threads, any type elsewhere.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}
}

pub use marker::{MaybeSend, MaybeSync};
