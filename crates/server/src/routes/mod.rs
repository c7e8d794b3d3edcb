//! The resources of the API, one file each.

pub(crate) mod archive;
pub(crate) mod attributes;
pub(crate) mod audit;
pub(crate) mod blocks;
pub(crate) mod calls;
pub(crate) mod content;
pub(crate) mod directories;
pub(crate) mod events;
pub(crate) mod inodes;
pub(crate) mod layers;
pub(crate) mod links;
pub(crate) mod moves;
pub(crate) mod system;
pub(crate) mod tenants;
pub(crate) mod workspace;
pub(crate) mod xattrs;
