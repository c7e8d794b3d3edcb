//! What POSIX and Linux ask of a file system, as tests that every [`FilesystemInterface`] runs.
//!
//! Each case takes an empty, writable file system whose root belongs to root (mode 0755), and panics where the meaning
//! is broken. [`fs_conformance_tests!`](crate::fs_conformance_tests) makes a `#[test]` of each; where tests are written
//! differently (in a browser's worker, say), go through [`cases`]. Operations are driven by
//! [`blocking`](crate::blocking), so the file system has to be one whose operations are ready at once.

mod content;
mod copying;
mod entries;
mod handles;
mod listing;
mod locks;
mod opening;
mod paths;
mod permissions;
mod renames;
mod times;
mod trees;
mod user;
mod watching;
mod xattrs;

use crate::interface::FilesystemInterface;

pub use content::*;
pub use copying::*;
pub use entries::*;
pub use handles::*;
pub use listing::*;
pub use locks::*;
pub use opening::*;
pub use paths::*;
pub use permissions::*;
pub use renames::*;
pub use times::*;
pub use trees::*;
pub use watching::*;
pub use xattrs::*;

/// A test of the meaning: it gets an empty file system of its own.
pub type Case<F> = fn(&F);

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// Every case by its name.
        pub fn cases<F: FilesystemInterface>() -> Vec<(&'static str, Case<F>)> {
            vec![$((stringify!($name), $name::<F>)),*]
        }

        /// Makes a test of every conformance case.
        ///
        /// The argument is an expression for a function without arguments that returns an empty file system and something
        /// to keep until the test is over (the guard of a temporary directory, or `()`).
        #[macro_export]
        macro_rules! fs_conformance_tests {
            ($factory:expr) => {
                $(#[test]
                fn $name() {
                    let (fs, _guard) = $factory();
                    $crate::conformance::$name(&fs);
                })*
            };
        }
    };
}

cases!(
    // entries
    a_new_file_has_the_attributes_that_were_asked_for,
    names_are_bytes,
    names_that_cannot_be_are_refused,
    a_taken_name_stays,
    directories_count_their_subdirectories,
    only_empty_directories_are_removed,
    unlink_and_rmdir_know_what_is_what,
    hard_links_share_an_inode,
    symbolic_links_say_what_they_were_told,
    special_files_keep_their_inode,
    // paths
    dots_and_slashes_lead_where_they_should,
    a_trailing_slash_means_a_directory,
    symbolic_links_are_followed_to_the_end,
    forty_links_are_followed_and_no_more,
    long_names_and_paths_are_refused,
    a_nul_is_refused_in_every_path,
    paths_beneath_do_not_escape,
    paths_in_a_root_stay_in_it,
    deep_trees_are_walked_and_removed,
    dots_cannot_be_made_or_removed,
    // opening
    opening_checks_what_it_opens,
    creating_is_exclusive_where_asked,
    creating_follows_a_dangling_link,
    truncation_happens_at_open,
    a_place_has_no_content,
    // handles
    a_released_handle_is_dead,
    handles_do_what_they_were_opened_for,
    an_unlinked_file_lives_until_its_last_handle,
    a_removed_directory_takes_nothing,
    handles_tell_what_they_are_open_on,
    // content
    what_was_written_is_read,
    gaps_are_holes_of_zeros,
    appending_writes_go_to_the_end,
    truncation_goes_both_ways,
    files_reach_to_the_end_of_all_offsets,
    data_and_holes_are_found,
    ranges_are_allocated_punched_and_moved,
    any_mixture_of_writes_agrees_with_memory,
    // copying
    copies_equal_their_source,
    trees_are_copied_with_all_that_is_in_them,
    ranges_are_copied_between_and_within_files,
    // renames
    rename_moves_whatever_it_is,
    rename_replaces_its_own_kind_only,
    rename_of_two_names_of_one_inode_does_nothing,
    a_directory_does_not_move_below_itself,
    exchange_and_no_replace,
    rename_keeps_parents_and_counts,
    // listing
    every_entry_is_listed_once,
    pages_go_on_where_they_ended,
    what_lives_through_a_listing_is_in_it_once,
    // permissions
    the_way_must_be_searchable,
    bits_decide_about_reading_and_writing,
    root_passes_but_executes_only_what_someone_may,
    entries_change_only_in_writable_directories,
    a_taken_name_is_told_before_a_missing_permission,
    sticky_directories_protect_entries,
    new_files_take_owner_group_and_umask,
    owners_change_modes_and_root_owners,
    writing_takes_setuid_away,
    moving_a_directory_needs_its_own_permission,
    a_handle_keeps_the_rights_it_was_opened_with,
    // times
    content_changes_move_mtime_and_ctime,
    entry_changes_move_the_times_of_directories,
    attribute_changes_move_ctime_only,
    reading_moves_atime_when_it_is_due,
    times_are_set_to_the_nanosecond,
    // xattrs
    attributes_are_kept_replaced_and_removed,
    namespaces_have_their_rules,
    // locks
    byte_ranges_exclude_each_other,
    process_locks_end_at_close_and_handle_locks_with_the_handle,
    a_circle_of_waiting_processes_is_refused,
    waiting_ends_when_the_lock_is_free,
    whole_files_are_locked_by_handle,
    // trees
    whole_files_are_written_and_read,
    directories_are_made_on_the_way,
    a_tree_is_walked_depth_first,
    // watching
    changes_are_told_in_order,
    only_the_watched_tree_is_told,
);
