//! The interface as a list.

/// Calls `$callback!` with every function of `wasi_snapshot_preview1`: its name and its arguments as wasm types.
///
/// Each but `proc_exit`, which does not return, answers an `i32`: 0 or an [`Errno`](crate::p1::Errno). For each there is a
/// method of [`Context`](crate::p1::Context) with these arguments, behind the guest's memory.
///
/// ```
/// macro_rules! names {
///     ($($name:ident($($arg:ident: $ty:ty),*);)*) => { [$(stringify!($name)),*] };
/// }
/// let names = tarbox_wasi::preview1_functions!(names);
/// assert_eq!(names.len(), 46);
/// ```
#[macro_export]
macro_rules! preview1_functions {
    ($callback:ident) => {
        $callback! {
            args_get(argv: u32, argv_buf: u32);
            args_sizes_get(argc: u32, argv_buf_size: u32);
            environ_get(environ: u32, environ_buf: u32);
            environ_sizes_get(environc: u32, environ_buf_size: u32);
            clock_res_get(clock: u32, resolution: u32);
            clock_time_get(clock: u32, precision: u64, time: u32);
            fd_advise(fd: u32, offset: u64, len: u64, advice: u32);
            fd_allocate(fd: u32, offset: u64, len: u64);
            fd_close(fd: u32);
            fd_datasync(fd: u32);
            fd_fdstat_get(fd: u32, stat: u32);
            fd_fdstat_set_flags(fd: u32, flags: u32);
            fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64);
            fd_filestat_get(fd: u32, stat: u32);
            fd_filestat_set_size(fd: u32, size: u64);
            fd_filestat_set_times(fd: u32, access: u64, modification: u64, flags: u32);
            fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nread: u32);
            fd_prestat_get(fd: u32, prestat: u32);
            fd_prestat_dir_name(fd: u32, path: u32, path_len: u32);
            fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nwritten: u32);
            fd_read(fd: u32, iovs: u32, iovs_len: u32, nread: u32);
            fd_readdir(fd: u32, buffer: u32, buffer_len: u32, cookie: u64, used: u32);
            fd_renumber(fd: u32, to: u32);
            fd_seek(fd: u32, offset: i64, whence: u32, new_offset: u32);
            fd_sync(fd: u32);
            fd_tell(fd: u32, offset: u32);
            fd_write(fd: u32, iovs: u32, iovs_len: u32, nwritten: u32);
            path_create_directory(fd: u32, path: u32, path_len: u32);
            path_filestat_get(fd: u32, lookup: u32, path: u32, path_len: u32, stat: u32);
            path_filestat_set_times(
                fd: u32, lookup: u32, path: u32, path_len: u32, access: u64, modification: u64, flags: u32
            );
            path_link(
                old_fd: u32, old_lookup: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32,
                new_path_len: u32
            );
            path_open(
                fd: u32, lookup: u32, path: u32, path_len: u32, open: u32, base: u64, inheriting: u64, fd_flags: u32,
                opened: u32
            );
            path_readlink(fd: u32, path: u32, path_len: u32, buffer: u32, buffer_len: u32, used: u32);
            path_remove_directory(fd: u32, path: u32, path_len: u32);
            path_rename(
                fd: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32
            );
            path_symlink(old_path: u32, old_path_len: u32, fd: u32, new_path: u32, new_path_len: u32);
            path_unlink_file(fd: u32, path: u32, path_len: u32);
            poll_oneoff(subscriptions: u32, events: u32, count: u32, happened: u32);
            proc_exit(status: u32);
            proc_raise(signal: u32);
            sched_yield();
            random_get(buffer: u32, len: u32);
            sock_accept(fd: u32, flags: u32, accepted: u32);
            sock_recv(fd: u32, iovs: u32, iovs_len: u32, flags: u32, len: u32, out_flags: u32);
            sock_send(fd: u32, iovs: u32, iovs_len: u32, flags: u32, len: u32);
            sock_shutdown(fd: u32, how: u32);
        }
    };
}
