//! Connections to the server, and requests that share a flight.

mod connection;
mod pool;
mod template;
mod tls;
mod value;

pub(crate) use connection::{Connection, Step};
pub(crate) use pool::Pool;
pub(crate) use template::{Request, Template, Templates};
pub(crate) use tls::Tls;
pub(crate) use value::Value;
