//! The plan by itself: the rules one by one, and every pair of two short histories.

mod model;
mod rules;
mod small_scope;
