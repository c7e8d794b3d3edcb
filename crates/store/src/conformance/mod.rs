//! The contract of [`Store`](crate::Store) and [`Database`] as tests that every implementation runs.
//!
//! Each case gets a fresh database with one tenant and panics where a promise is broken; it is named as the promise.
//! [`store_conformance_tests!`](crate::store_conformance_tests) makes a `#[test]` of each. Where tests are written
//! differently (in a browser's worker, say), [`run`] goes through all of them and names those that failed.
//!
//! Nothing here knows how a store keeps its data: a promise that can only be seen from inside (what a crash leaves, how
//! many bytes a counter should show) is tested beside the implementation.

mod allocate;
mod apply;
mod attributes;
mod content;
mod copy;
mod deep;
mod diff;
mod exchange;
mod fixture;
mod gc;
mod guards;
mod holds;
mod isolation;
pub mod keys;
mod layers;
mod links;
mod listing;
mod log;
mod names;
mod past;
mod quotas;
mod rename;
mod sparse;
mod tenants;
mod times;
mod tree;
mod versions;
mod visibility;
mod xattrs;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use fixture::{Fixture, assert_fails, bytes};
pub use tree::{Node, Tree, tree};

use crate::Database;

/// A case and its name.
pub struct Case<D: Database> {
    /// The promise it checks.
    pub name: &'static str,
    run: fn(D),
}

impl<D: Database> Case<D> {
    /// Checks the promise on a database of its own, which holds no tenant yet.
    ///
    /// # Panics
    /// If the promise is broken.
    pub fn check(&self, fresh: D) {
        (self.run)(fresh);
    }
}

/// Runs every case, each on a database that `fresh` makes, and answers the names of those that failed. What each found is
/// printed by the panic hook.
pub fn run<D: Database>(mut fresh: impl FnMut() -> D) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for case in cases::<D>() {
        let database = fresh();
        if catch_unwind(AssertUnwindSafe(|| case.check(database))).is_err() {
            failed.push(case.name);
        }
    }
    failed
}

macro_rules! cases {
    ($($module:ident: $($name:ident),* $(,)?;)*) => {
        $($(pub use $module::$name;)*)*

        /// Every case.
        pub fn cases<D: Database>() -> Vec<Case<D>> {
            vec![$($(Case {
                name: stringify!($name),
                run: |fresh| pollster::block_on(async {
                    let fixture = Fixture::new(fresh).await;
                    $name(&fixture).await;
                }),
            }),*),*]
        }

        /// Makes a test of every conformance case.
        ///
        /// The argument is an expression for a function without arguments that returns a database without tenants, and something
        /// to keep until the test is over (the guard of a temporary directory, or `()`).
        #[macro_export]
        macro_rules! store_conformance_tests {
            ($factory:expr) => {
                $($(#[test]
                fn $name() {
                    let (database, _guard) = $factory();
                    $crate::conformance::block_on(async {
                        let fixture = $crate::conformance::Fixture::new(database).await;
                        $crate::conformance::$name(&fixture).await;
                    });
                })*)*
            };
        }
    };
}

pub use pollster::block_on;

cases! {
    names:
        a_new_tenant_has_an_empty_root, what_was_made_is_found, a_symbolic_link_keeps_its_target, wrong_targets_are_refused,
        a_name_is_taken_once, what_is_missing_is_not_found, names_have_limits, wrong_names_are_refused_everywhere,
        a_walk_goes_as_far_as_directories_lead, inode_numbers_are_not_used_twice;
    links:
        links_are_names_of_one_inode, an_inode_goes_with_its_last_name, a_path_is_found_whichever_name_goes,
        directories_cannot_be_linked, wrong_links_are_refused, anything_but_a_directory_can_be_linked,
        removal_names_the_kind, a_name_that_went_can_be_taken_again, times_follow_names;
    rename:
        a_file_moves_with_its_inode, a_directory_moves_with_all_below_it, a_file_replaces_a_file,
        kinds_that_are_no_directory_replace_each_other, a_directory_replaces_an_empty_one_only,
        a_directory_replaces_its_sibling, onto_the_same_inode_it_does_nothing, nothing_moves_below_itself,
        no_replace_refuses_a_name_that_is_taken, what_is_missing_cannot_move, names_can_go_round;
    exchange:
        files_swap_names, a_directory_and_a_file_swap, directories_swap_with_all_below, a_swap_is_recorded_as_two_renames;
    listing:
        a_listing_shows_every_entry_once, a_cookie_lasts_as_long_as_its_entry,
        a_listing_is_whole_while_the_directory_changes, a_large_directory_is_listed_and_emptied;
    attributes:
        only_what_is_named_is_set, a_mode_has_twelve_bits, links_and_directories_have_attributes_too,
        only_files_have_a_length_to_set, clearing_set_id_bits_follows_the_rule;
    times:
        a_read_after_a_change_is_noted, a_second_read_is_not_noted, reads_of_the_past_are_not_noted,
        changes_move_the_times_they_should, writing_nothing_changes_nothing;
    versions:
        every_change_is_a_version, a_change_answers_its_version, swapped_names_have_one_version, a_look_is_no_version,
        a_version_that_was_seen_stays_what_it_was, versions_belong_to_their_layer;
    guards:
        permissions_are_a_condition, names_are_a_condition, a_version_is_a_condition, a_copy_meets_its_conditions_once,
        all_conditions_hold;
    xattrs:
        xattrs_are_kept_by_name, xattr_modes_are_kept, xattrs_have_limits, xattrs_belong_to_their_layer;
    content:
        what_was_written_is_read_back, a_read_answers_what_lies_in_the_file, overwriting_changes_only_its_range,
        many_small_writes_come_out_right, a_file_grows_and_shrinks, what_was_cut_off_does_not_come_back,
        appends_follow_each_other, one_write_brings_16_mib_at_most, only_files_have_content,
        equal_content_is_each_files_own, pieces_have_the_hashes_of_their_bytes;
    sparse:
        a_gap_is_a_hole, files_end_where_addresses_do, an_extension_is_a_hole, data_and_holes_are_found,
        there_is_nothing_past_the_end;
    allocate:
        room_is_promised, ranges_are_zeroed, ranges_are_cut_out, holes_are_opened, punching_gives_room_back,
        wrong_ranges_are_refused;
    copy:
        a_copy_is_as_if_read_and_written, a_range_is_copied_within_its_file, overlapping_ranges_are_refused,
        the_past_can_be_copied_from, a_copy_shares_room, holes_are_copied_as_holes, copies_know_their_limits;
    apply:
        mutations_are_made_together, a_refused_mutation_leaves_nothing, mutations_mean_what_operations_mean,
        mutations_rest_on_what_holds_before, mutations_have_limits;
    holds:
        a_held_inode_lives_without_names, a_replaced_inode_lives_while_held, a_removed_directory_takes_nothing,
        a_release_leaves_what_has_a_name, a_checkpoint_does_not_end_a_hold, going_back_leaves_no_orphans;
    layers:
        a_tenant_begins_with_one_layer, a_checkpoint_seals_the_layer, layer_names_have_rules,
        a_layer_is_found_by_all_it_goes_by, a_tag_can_be_moved_and_removed, switching_brings_the_past_into_view,
        the_past_cannot_be_written, holds_outlast_a_switch, a_view_needs_its_layer;
    past:
        a_sealed_layer_never_changes, dropping_leaves_other_layers, some_layers_cannot_be_dropped,
        squashing_leaves_the_last, some_layers_cannot_be_squashed, a_checkpoint_in_the_past_asks_first,
        history_can_go_on_from_the_past, history_survives_everything_at_once;
    diff:
        what_came_changed_and_went_is_told, what_is_as_before_is_not_told, attributes_are_changes_without_content,
        renames_are_told, swapped_names_are_two_renames, a_replaced_file_is_modified, links_come_and_go_by_name,
        any_two_layers_can_be_compared;
    log:
        every_change_leaves_its_record, what_happens_to_history_is_recorded, writes_are_counted_together,
        refusals_are_recorded_on_request, queries_answer_what_matches, records_take_any_agent_and_path,
        a_standing_is_all_of_its_parts;
    tenants:
        tenant_names_have_rules, tenants_are_listed, a_suspended_tenant_answers_nothing, a_deleted_tenant_is_gone;
    isolation:
        equal_names_and_numbers_do_not_meet, what_one_does_the_other_does_not_see, numbers_of_others_lead_nowhere,
        counts_tell_nothing_of_others;
    quotas:
        inodes_are_limited, layers_are_limited, bytes_are_limited, small_pieces_add_up, what_goes_gives_its_bytes_back,
        equal_content_is_counted_once, layers_keep_bytes_until_they_go, going_back_restores_the_counters,
        a_limit_below_usage_refuses_growth_only, the_log_is_trimmed_to_its_quota;
    visibility:
        handles_see_each_other_at_once, storing_changes_nothing_that_is_seen, performance_counts_the_work;
    gc:
        gc_keeps_what_can_be_reached, gc_of_nothing_does_nothing;
    deep:
        deep_trees_work;
}
