//! `wasi:filesystem`: each function of the interface on the capabilities of `tarbox-wasi`.

use std::sync::Arc;

use tarbox_store::WriteAt;
use tarbox_wasi::{Follow, OpenHow, Opened};
use wasmtime::component::Resource;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

use super::bindings::{preopens, types};
use super::descriptor::{Descriptor, Failure, OpenFile, Result, code, metadata_hash, new_times, stat};
use super::directory::Entries;
use super::state::State;
use super::streams::{FileError, FileInput, FileOutput};
use types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};

impl preopens::Host for State {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let table = &mut self.table;
        let preopens = self.preopens.iter();
        preopens
            .map(|(name, dir)| Ok((table.push(Descriptor::Dir(Arc::clone(dir)))?, name.clone())))
            .collect()
    }
}

impl types::Host for State {
    fn convert_error_code(&mut self, failure: Failure) -> wasmtime::Result<ErrorCode> {
        match failure {
            Failure::Code(code) => Ok(code),
            Failure::Trap(error) => Err(error),
        }
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.table.get(&error)?;
        Ok(error.downcast_ref().map(|FileError(kind)| code(*kind)))
    }
}

impl types::HostDescriptor for State {
    fn read_via_stream(&mut self, fd: Resource<Descriptor>, offset: u64) -> Result<Resource<DynInputStream>> {
        let open = self.table.get(&fd)?.content()?.clone();
        if !open.file.readable() {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let stream: DynInputStream = Box::new(FileInput::new(open, offset));
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
        self.table.get(&fd)?.file().map(drop)
    }

    fn sync_data(&mut self, fd: Resource<Descriptor>) -> Result<()> {
        self.wait_for_device(&fd, true)
    }

    fn get_flags(&mut self, fd: Resource<Descriptor>) -> Result<DescriptorFlags> {
        Ok(self.table.get(&fd)?.flags())
    }

    fn get_type(&mut self, fd: Resource<Descriptor>) -> Result<DescriptorType> {
        Ok(match self.table.get(&fd)? {
            Descriptor::File(_) => DescriptorType::RegularFile,
            Descriptor::Dir(_) => DescriptorType::Directory,
        })
    }

    fn set_size(&mut self, fd: Resource<Descriptor>, size: u64) -> Result<()> {
        Ok(self.table.get(&fd)?.file()?.file.set_size(size)?)
    }

    fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Result<()> {
        let times = new_times(access, modification);
        match self.table.get(&fd)? {
            Descriptor::File(open) => open.file.set_times(times)?,
            Descriptor::Dir(dir) => dir.set_times(times)?,
        }
        Ok(())
    }

    fn read(&mut self, fd: Resource<Descriptor>, len: u64, offset: u64) -> Result<(Vec<u8>, bool)> {
        self.table.get(&fd)?.content()?.read(len, offset)
    }

    fn write(&mut self, fd: Resource<Descriptor>, bytes: Vec<u8>, offset: u64) -> Result<u64> {
        self.table.get(&fd)?.file()?.write(&bytes, offset)
    }

    fn read_directory(&mut self, fd: Resource<Descriptor>) -> Result<Resource<Entries>> {
        let dir = Arc::clone(self.table.get(&fd)?.dir()?);
        Ok(self.table.push(Entries::begin(dir)?)?)
    }

    fn sync(&mut self, fd: Resource<Descriptor>) -> Result<()> {
        self.wait_for_device(&fd, false)
    }

    fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> Result<()> {
        Ok(self.table.get(&fd)?.dir()?.create_directory_at(path.as_bytes())?)
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
        let dir = self.table.get(&fd)?.dir()?;
        Ok(stat(&dir.stat_at(path.as_bytes(), follow(flags))?))
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
        let dir = self.table.get(&fd)?.dir()?;
        Ok(dir.set_times_at(path.as_bytes(), follow(flags), times)?)
    }

    fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> Result<()> {
        let from = self.table.get(&fd)?.dir()?;
        let to = self.table.get(&new_fd)?.dir()?;
        if flags.contains(PathFlags::SYMLINK_FOLLOW) {
            return Err(ErrorCode::Invalid.into());
        }
        Ok(from.link_at(path.as_bytes(), to, new_path.as_bytes())?)
    }

    fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Resource<Descriptor>> {
        let dir = self.table.get(&fd)?.dir()?;
        let how = OpenHow {
            read: flags.contains(DescriptorFlags::READ),
            write: flags.contains(DescriptorFlags::WRITE),
            create: open.contains(OpenFlags::CREATE),
            exclusive: open.contains(OpenFlags::EXCLUSIVE),
            truncate: open.contains(OpenFlags::TRUNCATE),
            directory: open.contains(OpenFlags::DIRECTORY),
        };
        let descriptor = match dir.open_at(path.as_bytes(), follow(path_flags), how)? {
            Opened::File(file) => Descriptor::File(OpenFile {
                file: Arc::new(file),
                sync: flags.into(),
            }),
            Opened::Dir(dir) => Descriptor::Dir(Arc::new(dir)),
        };
        Ok(self.table.push(descriptor)?)
    }

    fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> Result<String> {
        let target = self.table.get(&fd)?.dir()?.readlink_at(path.as_bytes())?;
        String::from_utf8(target).map_err(|_| ErrorCode::IllegalByteSequence.into())
    }

    fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> Result<()> {
        Ok(self.table.get(&fd)?.dir()?.remove_directory_at(path.as_bytes())?)
    }

    fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> Result<()> {
        let from = self.table.get(&fd)?.dir()?;
        let to = self.table.get(&new_fd)?.dir()?;
        Ok(from.rename_at(path.as_bytes(), to, new_path.as_bytes())?)
    }

    fn symlink_at(&mut self, fd: Resource<Descriptor>, target: String, path: String) -> Result<()> {
        let dir = self.table.get(&fd)?.dir()?;
        Ok(dir.symlink_at(target.as_bytes(), path.as_bytes())?)
    }

    fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> Result<()> {
        Ok(self.table.get(&fd)?.dir()?.unlink_file_at(path.as_bytes())?)
    }

    fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&a)?.same(self.table.get(&b)?))
    }

    fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> Result<MetadataHashValue> {
        let descriptor = self.table.get(&fd)?;
        Ok(metadata_hash(descriptor.device(), &descriptor.stat()?))
    }

    fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> Result<MetadataHashValue> {
        let dir = self.table.get(&fd)?.dir()?;
        let attr = dir.stat_at(path.as_bytes(), follow(flags))?;
        Ok(metadata_hash(dir.volume().device(), &attr))
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.table.delete(fd)?;
        Ok(())
    }
}

impl types::HostDirectoryEntryStream for State {
    fn read_directory_entry(&mut self, entries: Resource<Entries>) -> Result<Option<DirectoryEntry>> {
        self.table.get_mut(&entries)?.next()
    }

    fn drop(&mut self, entries: Resource<Entries>) -> wasmtime::Result<()> {
        self.table.delete(entries)?;
        Ok(())
    }
}

impl State {
    fn output(&mut self, fd: &Resource<Descriptor>, at: WriteAt) -> Result<Resource<DynOutputStream>> {
        let open = self.table.get(fd)?.file()?.clone();
        if !open.file.writable() {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let stream: DynOutputStream = Box::new(FileOutput::new(open, at));
        Ok(self.table.push(stream)?)
    }

    fn wait_for_device(&mut self, fd: &Resource<Descriptor>, data_only: bool) -> Result<()> {
        match self.table.get(fd)? {
            Descriptor::File(open) => open.file.sync(data_only)?,
            Descriptor::Dir(dir) => dir.sync()?,
        }
        Ok(())
    }
}

fn follow(flags: PathFlags) -> Follow {
    if flags.contains(PathFlags::SYMLINK_FOLLOW) {
        Follow::Yes
    } else {
        Follow::No
    }
}
