//! The contract of [`Pool`] as tests that every implementation runs.
//!
//! Each case takes an empty pool and panics where the contract is broken.
//! [`conformance_tests!`](crate::conformance_tests) makes a `#[test]` of each; where tests are written
//! differently (in a browser's worker, say), go through [`CASES`].

mod bytes;
mod handles;
mod names;

use std::sync::Arc;

use crate::error::{ErrorKind, Result};
use crate::pool::{OpenOptions, Pool, PoolFile};

pub use bytes::*;
pub use handles::*;
pub use names::*;

/// A test of the contract: it gets an empty, writable pool of its own.
pub type Case = fn(Arc<dyn Pool>);

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// Every case by its name.
        pub const CASES: &[(&str, Case)] = &[$((stringify!($name), $name)),*];

        /// Makes a test of every conformance case.
        ///
        /// The argument is an expression for a function without arguments that returns an empty pool and
        /// something to keep until the test is over (the guard of a temporary directory, or `()`).
        ///
        /// ```
        /// # use std::sync::Arc;
        /// # use tarbox_pool::{MemoryPool, Pool};
        /// fn empty_pool() -> (Arc<dyn Pool>, ()) {
        ///     (Arc::new(MemoryPool::new()), ())
        /// }
        /// tarbox_pool::conformance_tests!(empty_pool);
        /// ```
        #[macro_export]
        macro_rules! conformance_tests {
            ($factory:expr) => {
                $(#[test]
                fn $name() {
                    let (pool, _guard) = $factory();
                    $crate::conformance::$name(pool);
                })*
            };
        }
    };
}

cases!(
    a_new_file_is_empty_and_listed,
    opening_a_missing_file_fails_and_creates_nothing,
    create_new_refuses_a_file_that_is_there,
    create_keeps_what_is_there,
    names_are_listed_in_order_and_by_prefix,
    a_prefix_that_leads_out_of_the_pool_lists_nothing,
    deleting_removes_the_name_only_once,
    a_name_is_not_both_file_and_directory,
    a_directory_goes_with_its_last_file,
    the_longest_names_work,
    invalid_names_are_refused_everywhere,
    many_files_live_side_by_side,
    what_was_written_is_read_back,
    reads_are_short_only_at_the_end,
    overwriting_changes_only_its_range,
    gaps_read_as_zeros,
    writing_nothing_changes_nothing,
    truncation_cuts_and_extends_with_zeros,
    sparse_files_reach_beyond_four_gibibytes,
    a_file_cannot_pass_the_largest_length,
    large_pieces_go_through_whole,
    sync_succeeds_on_anything_open,
    two_handles_see_the_same_bytes,
    a_read_only_handle_changes_nothing,
    a_read_only_handle_cannot_create,
    a_deleted_file_lives_until_its_handles_go,
    a_new_file_of_a_deleted_name_is_another_file,
);

fn create(pool: &Arc<dyn Pool>, name: &str) -> Arc<dyn PoolFile> {
    pool.open(name, OpenOptions::CREATE).unwrap()
}

#[track_caller]
fn assert_fails<T>(result: Result<T>, expected: ErrorKind) {
    match result {
        Ok(_) => panic!("succeeded, but should fail with {expected:?}"),
        Err(error) => assert_eq!(error.kind(), expected, "{error}"),
    }
}
