//! One process, one owner: nobody else passes changes on.

use tarbox_store::{Follower, Result, Seq};

use crate::rows::TenantId;

/// Nobody.
#[derive(Debug)]
pub(crate) struct Followers;

/// Of nobody.
pub(crate) enum Place {}

impl Followers {
    pub(crate) fn none() -> Self {
        Self
    }

    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn of(_: &std::path::Path) -> Self {
        Self
    }

    pub(crate) fn add(&self, _: TenantId) -> Result<Option<Box<dyn Follower>>> {
        Ok(None)
    }

    pub(crate) fn are_there(&self, _: TenantId, _besides: Option<u32>) -> bool {
        false
    }

    pub(crate) fn others(&self, _: TenantId, _besides: Option<u32>) -> Vec<Place> {
        Vec::new()
    }
}

impl Place {
    pub(crate) fn wait(&self, _: Seq) {
        match *self {}
    }
}
