//! What files are over HTTP, for the server and for a component: addresses, conditions, ranges, errors and JSON.
//!
//! Everything here works on heads of requests and on a file system, on whatever the bytes come and go by. What it is not: routes,
//! keys, or anything that waits for a network.
#![forbid(unsafe_code)]

pub mod answer;
pub mod conditions;
pub mod json;
pub mod location;
pub mod params;
pub mod problem;
pub mod range;
pub mod replace;
pub mod text;
