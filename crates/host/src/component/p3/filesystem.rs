//! `wasi:filesystem` 0.3: each function of the interface on the capabilities of `tarbox-wasi`.

use std::iter;

use tarbox_store::WriteAt;
use tarbox_wasi::p2::{self, Descriptor};
use wasmtime::component::{Access, Accessor, FutureReader, HasData, Resource, StreamReader};

use super::bindings::{preopens, types};
use super::descriptor::{Failure, Result, file_kind, flags, follow, metadata_hash, new_times, open, stat};
use super::streams::{Listing, Reading, Told, Writing};
use crate::component::state::State;
use types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};

type Outcome = std::result::Result<(), ErrorCode>;

/// Who implements the interface.
pub(super) struct Files;

impl HasData for Files {
    type Data<'a> = &'a mut State;
}

/// What a descriptor is used for.
fn on<T: 'static, R>(
    store: &Accessor<T, Files>,
    fd: &Resource<Descriptor>,
    act: impl FnOnce(&Descriptor) -> p2::Result<R>,
) -> Result<R> {
    store.with(|mut store| Ok(act(store.get().table.get(fd)?)?))
}

/// The same with two.
fn on_both<T: 'static, R>(
    store: &Accessor<T, Files>,
    (a, b): (&Resource<Descriptor>, &Resource<Descriptor>),
    act: impl FnOnce(&Descriptor, &Descriptor) -> p2::Result<R>,
) -> Result<R> {
    store.with(|mut store| {
        let table = &store.get().table;
        Ok(act(table.get(a)?, table.get(b)?)?)
    })
}

/// Writes what a stream brings.
fn write<T: 'static>(
    mut store: Access<'_, T, Files>,
    fd: &Resource<Descriptor>,
    mut data: StreamReader<u8>,
    at: WriteAt,
) -> wasmtime::Result<FutureReader<Outcome>> {
    let (mut told, outcome) = Told::new();
    match store.get().table.get(fd)?.write_via_stream(at) {
        Ok(output) => data.pipe(&mut store, Writing { output, told })?,
        Err(failure) => {
            told.tell(Err(failure));
            data.close(&mut store)?;
        }
    }
    FutureReader::new(&mut store, outcome)
}

impl preopens::Host for State {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.directories()
    }
}

impl types::Host for State {
    fn convert_error_code(&mut self, failure: Failure) -> wasmtime::Result<ErrorCode> {
        failure.told()
    }
}

impl types::HostDescriptor for State {
    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.table.delete(fd)?;
        Ok(())
    }
}

impl<T: 'static> types::HostDescriptorWithStore<T> for Files {
    fn read_via_stream(
        mut store: Access<'_, T, Self>,
        fd: Resource<Descriptor>,
        offset: u64,
    ) -> wasmtime::Result<(StreamReader<u8>, FutureReader<Outcome>)> {
        let (mut told, outcome) = Told::new();
        let stream = match store.get().table.get(&fd)?.read_via_stream(offset) {
            Ok(input) => StreamReader::new(&mut store, Reading { input, told })?,
            Err(failure) => {
                told.tell(Err(failure));
                StreamReader::new(&mut store, iter::empty())?
            }
        };
        Ok((stream, FutureReader::new(&mut store, outcome)?))
    }

    fn write_via_stream(
        store: Access<'_, T, Self>,
        fd: Resource<Descriptor>,
        data: StreamReader<u8>,
        offset: u64,
    ) -> wasmtime::Result<FutureReader<Outcome>> {
        write(store, &fd, data, WriteAt::Offset(offset))
    }

    fn append_via_stream(
        store: Access<'_, T, Self>,
        fd: Resource<Descriptor>,
        data: StreamReader<u8>,
    ) -> wasmtime::Result<FutureReader<Outcome>> {
        write(store, &fd, data, WriteAt::End)
    }

    fn read_directory(
        mut store: Access<'_, T, Self>,
        fd: Resource<Descriptor>,
    ) -> wasmtime::Result<(StreamReader<DirectoryEntry>, FutureReader<Outcome>)> {
        let (mut told, outcome) = Told::new();
        let stream = match store.get().table.get(&fd)?.read_directory() {
            Ok(entries) => StreamReader::new(&mut store, Listing { entries, told })?,
            Err(failure) => {
                told.tell(Err(failure));
                StreamReader::new(&mut store, iter::empty())?
            }
        };
        Ok((stream, FutureReader::new(&mut store, outcome)?))
    }

    async fn advise(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        _offset: u64,
        _len: u64,
        _advice: Advice,
    ) -> Result<()> {
        on(store, &fd, Descriptor::advise)
    }

    async fn sync_data(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> Result<()> {
        on(store, &fd, |fd| fd.sync(true))
    }

    async fn get_flags(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> Result<DescriptorFlags> {
        on(store, &fd, |fd| Ok(flags(fd)))
    }

    async fn get_type(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> Result<DescriptorType> {
        on(store, &fd, |fd| Ok(file_kind(fd.kind())))
    }

    async fn set_size(store: &Accessor<T, Self>, fd: Resource<Descriptor>, size: u64) -> Result<()> {
        on(store, &fd, |fd| fd.set_size(size))
    }

    async fn set_times(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Result<()> {
        on(store, &fd, |fd| fd.set_times(new_times(access, modification)))
    }

    async fn sync(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> Result<()> {
        on(store, &fd, |fd| fd.sync(false))
    }

    async fn create_directory_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        path: String,
    ) -> Result<()> {
        on(store, &fd, |fd| fd.create_directory_at(&path))
    }

    async fn stat(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> Result<DescriptorStat> {
        on(store, &fd, |fd| Ok(stat(&fd.stat()?)))
    }

    async fn stat_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> Result<DescriptorStat> {
        on(store, &fd, |fd| Ok(stat(&fd.stat_at(follow(flags), &path)?)))
    }

    async fn set_times_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Result<()> {
        let times = new_times(access, modification);
        on(store, &fd, |fd| fd.set_times_at(follow(flags), &path, times))
    }

    async fn link_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> Result<()> {
        on_both(store, (&fd, &new_fd), |from, to| {
            from.link_at(follow(flags), &path, to, &new_path)
        })
    }

    async fn open_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Resource<Descriptor>> {
        let how = open(open_flags, flags);
        let opened = on(store, &fd, |fd| fd.open_at(follow(path_flags), &path, how))?;
        store.with(|mut store| Ok(store.get().table.push(opened)?))
    }

    async fn readlink_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        path: String,
    ) -> Result<String> {
        on(store, &fd, |fd| fd.readlink_at(&path))
    }

    async fn remove_directory_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        path: String,
    ) -> Result<()> {
        on(store, &fd, |fd| fd.remove_directory_at(&path))
    }

    async fn rename_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> Result<()> {
        on_both(store, (&fd, &new_fd), |from, to| {
            from.rename_at(&path, to, &new_path)
        })
    }

    async fn symlink_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        target: String,
        path: String,
    ) -> Result<()> {
        on(store, &fd, |fd| fd.symlink_at(&target, &path))
    }

    async fn unlink_file_at(store: &Accessor<T, Self>, fd: Resource<Descriptor>, path: String) -> Result<()> {
        on(store, &fd, |fd| fd.unlink_file_at(&path))
    }

    async fn is_same_object(
        store: &Accessor<T, Self>,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        store.with(|mut store| {
            let table = &store.get().table;
            Ok(table.get(&a)?.is_same_object(table.get(&b)?))
        })
    }

    async fn metadata_hash(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> Result<MetadataHashValue> {
        on(store, &fd, |fd| Ok(metadata_hash(fd.metadata_hash()?)))
    }

    async fn metadata_hash_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> Result<MetadataHashValue> {
        on(store, &fd, |fd| {
            Ok(metadata_hash(fd.metadata_hash_at(follow(flags), &path)?))
        })
    }
}
