//! Names the functions of SQLite's C interface that the module exports as they are.

/// What the package's TypeScript calls, and what `capi` offers.
const EXPORTS: &str = "
    aggregate_context backup_finish backup_init backup_pagecount backup_remaining backup_step bind_blob
    bind_double bind_int bind_int64 bind_null bind_parameter_count bind_parameter_index bind_parameter_name bind_text
    bind_zeroblob blob_bytes blob_close blob_open blob_read blob_reopen blob_write busy_timeout changes changes64
    clear_bindings close_v2 column_blob column_bytes column_count column_database_name column_decltype column_double
    column_int column_int64 column_name column_origin_name column_table_name column_text column_type column_value
    compileoption_get compileoption_used complete context_db_handle data_count db_cacheflush db_filename
    db_handle db_name db_readonly db_release_memory db_status deserialize errcode errmsg error_offset errstr exec
    expanded_sql extended_errcode extended_result_codes file_control finalize free get_autocommit initialize interrupt
    is_interrupted keyword_check keyword_count last_insert_rowid libversion libversion_number limit malloc memory_highwater
    memory_used msize next_stmt open_v2 prepare_v3 randomness realloc release_memory reset result_blob result_double
    result_error result_error_code result_error_nomem result_error_toobig result_int result_int64 result_null
    result_subtype result_text result_zeroblob serialize set_last_insert_rowid sourceid sql status status64 step
    stmt_busy stmt_explain stmt_isexplain stmt_readonly stmt_status strglob stricmp strlike strnicmp system_errno
    table_column_metadata total_changes total_changes64 txn_state uri_boolean uri_int64 uri_key uri_parameter user_data
    value_blob value_bytes value_double value_dup value_free value_frombind value_int value_int64 value_nochange
    value_numeric_type value_subtype value_text value_type vfs_find wal_autocheckpoint wal_checkpoint_v2
";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("unknown") {
        for name in EXPORTS.split_whitespace() {
            println!("cargo::rustc-link-arg-cdylib=--export=sqlite3_{name}");
        }
    }
}
