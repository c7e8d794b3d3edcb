//! Two stores of one tenant that meet: a replica that works without a network, and the server that orders.
//!
//! There is a central order, so this is no merge of histories: it is a three-way merge of *states*. What both sides had when they
//! last met is the [base](Base); what each has now is a [tree](Tree). [`plan`] compares the three and answers [steps](Step), as data;
//! a [`Replica`] observes both sides, carries the steps out, each on the condition that nothing changed meanwhile, and keeps the new
//! base in the replica itself. A round that is interrupted anywhere is repaired by the next one.
//!
//! Nothing is resolved silently and no content is lost: of two different contents the server's keeps the name, and the replica's
//! becomes `name.conflict-<hash>.ext` on every side.
#![forbid(unsafe_code)]

mod base;
mod driver;
mod name;
mod plan;
mod tree;

pub use base::{Base, Pair};
pub use driver::{Clash, Happening, MEMORY, News, Options, Replica, Report, Status};
pub use plan::{Conflict, ConflictKind, Id, Need, Place, Plan, Side, Step, Target, plan};
pub use tree::{Content, Digest, Meta, Name, Node, Tree};
