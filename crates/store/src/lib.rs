#![doc = "The truth about files: what a store of one tenant's inodes, layers and log promises, and the core that embedded engines share."]
#![forbid(unsafe_code)]

pub mod conformance;
mod database;
mod digests;
mod error;
mod follow;
mod guard;
mod key;
mod layer;
mod log;
mod mutation;
mod sort;
mod standing;
mod store;
mod tenant;
mod text;
mod types;

pub use database::{Database, FsckReport, GcReport, Performance, Problem};
pub use digests::{DIGEST_PIECE_MIN, DIGESTS_MAX, Digest, check_digests};
pub use error::{Error, ErrorKind, Result};
pub use follow::{Follower, Unheard};
pub use guard::{By, Condition, Guarded};
pub use key::{Key, Keys, Scope};
pub use layer::{Change, ChangeKind, LaterLayers, LayerInfo, Position};
pub use log::{LogQuery, LogRecord, Operation};
pub use mutation::{
    InodeRef, MUTATIONS_CONTENT_MAX, MUTATIONS_MAX, Mutation, Outcome, Refused, check_mutations, no_outcome,
};
pub use sort::{sort_by, sort_by_key};
pub use standing::Standing;
pub use store::Store;
pub use tarbox_pool::{MaybeSend, MaybeSync};
pub use tenant::{Quota, TenantInfo, TenantState, Usage};
pub use types::*;
