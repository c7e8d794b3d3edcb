//! Following: whoever passes a tenant's changes on says how far it has got, so that others can wait for it.

use std::fmt;

use crate::Seq;

/// One who passes the changes of a tenant on, as a mount does to the kernel. It is known to every process that changes
/// the tenant until it is dropped, or its process ends.
pub trait Follower: fmt::Debug + Send + Sync {
    /// Everything up to here has been passed on.
    fn acknowledge(&self, position: Seq);

    /// Passing on takes long, but goes on: whoever waits may have more patience.
    fn go_on(&self);

    /// What tells it from the others of this process.
    fn number(&self) -> u32;
}

/// A follower of a store that nobody else can change.
#[derive(Debug)]
pub struct Unheard;

impl Follower for Unheard {
    fn acknowledge(&self, _: Seq) {}

    fn go_on(&self) {}

    fn number(&self) -> u32 {
        0
    }
}
