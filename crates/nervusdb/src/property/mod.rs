//! Properties of nodes and edges, and the index that finds them by value.

mod filter;
mod index;
mod keys;
mod names;
mod scan;
mod value;

pub use filter::PropertyFilter;
pub use keys::Owner;
pub use scan::PropertyScan;
pub use value::{Properties, Value};

pub(crate) use index::{changes, index_fits};
pub(crate) use keys::{is_index_key, tx_key, tx_order_key, tx_orders};
pub(crate) use names::names;
pub(crate) use value::{decode, encode};
