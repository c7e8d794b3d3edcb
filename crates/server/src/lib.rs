//! The server behind `tarbox serve`: the workspaces of a database over HTTP.
//!
//! A request names its tenant in the path and brings a key; [`Caller`] is what the two come to: that tenant's file system, the
//! user that the key acts as, and the directory it is confined to. All meaning of files, permissions included, is that of
//! `tarbox-fs`; this crate translates. Everything works over any [`Backend`], and holds no state of a client beyond
//! a connection, so that several servers can stand before one database.
//!
//! What it is not: a web server for files of the host, and a place for the meaning of an operation.
//!
//! [`Server::bind`] begins to listen, [`Server::run`] answers until it is told to end.
#![forbid(unsafe_code)]
// Operations run on threads of their own (`App::work`), where whoever waits for a lock holds up nobody else.
#![allow(clippy::await_holding_lock)]

mod api;
mod app;
mod auth;
mod blocks;
mod body;
mod calls;
mod dav;
mod edge;
mod files;
mod idempotency;
mod limits;
mod location;
mod made;
mod mcp;
mod meter;
mod openapi;
mod options;
mod page;
mod reading;
mod remote;
mod routes;
mod server;
mod sse;
mod token;
mod upload;
mod watch;
mod watchdog;

use tarbox_rest::{answer, conditions, json, params, problem, replace, text};

pub use app::{App, Backend};
pub use auth::{Caller, Holder};
pub use files::Files;
pub use options::{LogForm, Options, TlsFiles};
pub use server::{ServeError, Server, init_log};
pub use tarbox_rest::location::Location;
pub use tarbox_rest::problem::Problem;
pub use tarbox_rest::text::Text;
pub use token::{NewKey, Token};
