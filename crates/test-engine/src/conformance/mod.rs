//! The contract of [`Engine`] as tests that every engine runs.
//!
//! Each case gets two processes at a database of its own, with one tenant, and panics where a promise is broken; it is named as
//! the promise. [`engine_conformance_tests!`](crate::engine_conformance_tests) makes a `#[test]` of each.
//!
//! What has a meaning for files is not tested here: the conformance suite of `Store` runs above every engine, too.
#![allow(missing_docs)] // a case is named as its promise

mod blocks;
mod fixture;
mod lease;
mod others;
mod rows;

use tarbox_store_core::{Engine, TenantId};

pub use fixture::Fixture;
pub use pollster::block_on;

/// Two processes at one database. Whatever keeps them is dropped with this.
pub trait Processes: Sync {
    /// The engine.
    type Engine: Engine + Sync;

    /// The engine of the first process, or of the second.
    fn engines(&self) -> [&Self::Engine; 2];

    /// Has the lease of a tenant taken away from whoever holds it, who does not notice: `false` where that cannot be.
    fn depose(&self, tenant: TenantId) -> bool {
        let _ = tenant;
        false
    }
}

macro_rules! cases {
    ($($module:ident: $($name:ident),* $(,)?;)*) => {
        $($(pub use $module::$name;)*)*

        /// Makes a test of every case. The argument is an expression for a function without arguments that returns
        /// [`Processes`](crate::conformance::Processes) at a database without tenants.
        #[macro_export]
        macro_rules! engine_conformance_tests {
            ($factory:expr) => {
                $($(#[test]
                fn $name() {
                    let processes = $factory();
                    $crate::conformance::block_on(async {
                        let fixture = $crate::conformance::Fixture::new(&processes).await;
                        $crate::conformance::$name(&fixture).await;
                    });
                })*)*
            };
        }
    };
}

cases! {
    rows:
        tenants_are_found_by_name, rows_are_loaded_by_key_and_by_range, versions_of_the_past_are_kept,
        a_batch_that_fails_leaves_nothing, the_log_is_queried, what_is_synced_is_told;
    lease:
        the_lease_is_held_by_one_process, the_lease_is_counted, whoever_lost_the_lease_commits_nothing;
    others:
        commits_of_others_show, holds_are_told, followers_are_waited_for, waits_end_with_a_commit;
    blocks:
        blocks_are_fetched_by_everybody, a_block_that_is_not_there_is_corrupt;
}
