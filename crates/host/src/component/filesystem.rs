//! `wasi:filesystem`: each function of the interface on the capabilities of `tarbox-wasi`.

use tarbox_store::WriteAt;
use tarbox_wasi::p2::{Descriptor, Entries};
use wasmtime::component::Resource;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

use super::bindings::{preopens, types};
use super::descriptor::{
    Failure, Result, code, file_kind, flags, follow, metadata_hash, new_times, open, stat,
};
use super::state::State;
use super::streams::{FileError, FileInput, FileOutput};
use types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};

impl preopens::Host for State {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.directories()
    }
}

impl types::Host for State {
    fn convert_error_code(&mut self, failure: Failure) -> wasmtime::Result<ErrorCode> {
        failure.told()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.table.get(&error)?;
        Ok(error.downcast_ref().map(|FileError(kind)| code((*kind).into())))
    }
}

impl types::HostDescriptor for State {
    fn read_via_stream(&mut self, fd: Resource<Descriptor>, offset: u64) -> Result<Resource<DynInputStream>> {
        let input = self.table.get(&fd)?.read_via_stream(offset)?;
        let stream: DynInputStream = Box::new(FileInput(input));
        Ok(self.table.push(stream)?)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: u64,
    ) -> Result<Resource<DynOutputStream>> {
        self.output(&fd, WriteAt::Offset(offset))
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> Result<Resource<DynOutputStream>> {
        self.output(&fd, WriteAt::End)
    }

    fn advise(&mut self, fd: Resource<Descriptor>, _offset: u64, _len: u64, _advice: Advice) -> Result<()> {
        Ok(self.table.get(&fd)?.advise()?)
    }

    fn sync_data(&mut self, fd: Resource<Descriptor>) -> Result<()> {
        Ok(self.table.get(&fd)?.sync(true)?)
    }

    fn get_flags(&mut self, fd: Resource<Descriptor>) -> Result<DescriptorFlags> {
        Ok(flags(self.table.get(&fd)?))
    }

    fn get_type(&mut self, fd: Resource<Descriptor>) -> Result<DescriptorType> {
        Ok(file_kind(self.table.get(&fd)?.kind()))
    }

    fn set_size(&mut self, fd: Resource<Descriptor>, size: u64) -> Result<()> {
        Ok(self.table.get(&fd)?.set_size(size)?)
    }

    fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Result<()> {
        Ok(self.table.get(&fd)?.set_times(new_times(access, modification))?)
    }

    fn read(&mut self, fd: Resource<Descriptor>, len: u64, offset: u64) -> Result<(Vec<u8>, bool)> {
        Ok(self.table.get(&fd)?.read(len, offset)?)
    }

    fn write(&mut self, fd: Resource<Descriptor>, bytes: Vec<u8>, offset: u64) -> Result<u64> {
        Ok(self.table.get(&fd)?.write(&bytes, offset)?)
    }

    fn read_directory(&mut self, fd: Resource<Descriptor>) -> Result<Resource<Entries>> {
        let entries = self.table.get(&fd)?.read_directory()?;
        Ok(self.table.push(entries)?)
    }

    fn sync(&mut self, fd: Resource<Descriptor>) -> Result<()> {
        Ok(self.table.get(&fd)?.sync(false)?)
    }

    fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> Result<()> {
        Ok(self.table.get(&fd)?.create_directory_at(&path)?)
    }

    fn stat(&mut self, fd: Resource<Descriptor>) -> Result<DescriptorStat> {
        Ok(stat(&self.table.get(&fd)?.stat()?))
    }

    fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> Result<DescriptorStat> {
        Ok(stat(&self.table.get(&fd)?.stat_at(follow(flags), &path)?))
    }

    fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Result<()> {
        let times = new_times(access, modification);
        Ok(self.table.get(&fd)?.set_times_at(follow(flags), &path, times)?)
    }

    fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> Result<()> {
        let (from, to) = (self.table.get(&fd)?, self.table.get(&new_fd)?);
        Ok(from.link_at(follow(flags), &path, to, &new_path)?)
    }

    fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Resource<Descriptor>> {
        let dir = self.table.get(&fd)?;
        let opened = dir.open_at(follow(path_flags), &path, open(open_flags, flags))?;
        Ok(self.table.push(opened)?)
    }

    fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> Result<String> {
        Ok(self.table.get(&fd)?.readlink_at(&path)?)
    }

    fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> Result<()> {
        Ok(self.table.get(&fd)?.remove_directory_at(&path)?)
    }

    fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> Result<()> {
        let (from, to) = (self.table.get(&fd)?, self.table.get(&new_fd)?);
        Ok(from.rename_at(&path, to, &new_path)?)
    }

    fn symlink_at(&mut self, fd: Resource<Descriptor>, target: String, path: String) -> Result<()> {
        Ok(self.table.get(&fd)?.symlink_at(&target, &path)?)
    }

    fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> Result<()> {
        Ok(self.table.get(&fd)?.unlink_file_at(&path)?)
    }

    fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&a)?.is_same_object(self.table.get(&b)?))
    }

    fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> Result<MetadataHashValue> {
        Ok(metadata_hash(self.table.get(&fd)?.metadata_hash()?))
    }

    fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> Result<MetadataHashValue> {
        let hash = self.table.get(&fd)?.metadata_hash_at(follow(flags), &path)?;
        Ok(metadata_hash(hash))
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.table.delete(fd)?;
        Ok(())
    }
}

impl types::HostDirectoryEntryStream for State {
    fn read_directory_entry(&mut self, entries: Resource<Entries>) -> Result<Option<DirectoryEntry>> {
        let entry = self.table.get_mut(&entries)?.next_entry()?;
        Ok(entry.map(|(kind, name)| DirectoryEntry {
            type_: file_kind(kind),
            name,
        }))
    }

    fn drop(&mut self, entries: Resource<Entries>) -> wasmtime::Result<()> {
        self.table.delete(entries)?;
        Ok(())
    }
}

impl State {
    fn output(&mut self, fd: &Resource<Descriptor>, at: WriteAt) -> Result<Resource<DynOutputStream>> {
        let output = self.table.get(fd)?.write_via_stream(at)?;
        let stream: DynOutputStream = Box::new(FileOutput(output));
        Ok(self.table.push(stream)?)
    }
}
