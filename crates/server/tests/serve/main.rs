//! A real server on a real socket, asked by a client that is not ours, on both databases.

mod archives;
mod attacks;
mod blocks;
mod conditions;
mod dav;
mod events;
mod files;
mod keys;
mod layers;
mod mcp;
mod metrics;
mod postgres;
mod repeated;
mod support;
mod tenants;
mod tree;
