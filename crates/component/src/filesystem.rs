//! `wasi:filesystem`: each function of the interface on the descriptors of `tarbox-wasi`.

use std::cell::RefCell;
use std::sync::Arc;

use tarbox_store::WriteAt;
use tarbox_wasi::p2;

use crate::bindings::exports::wasi::filesystem::preopens;
use crate::bindings::exports::wasi::filesystem::types::{
    Advice, Descriptor, DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorBorrow, ErrorCode, Guest, GuestDescriptor, GuestDirectoryEntryStream,
    InputStream, MetadataHashValue, NewTimestamp, OpenFlags, OutputStream, PathFlags,
};
use crate::bindings::wasi::clocks::wall_clock::Datetime;
use crate::io::{Failed, Input, Output};
use crate::{Provider, workspace};

tarbox_wasi::p2_conversions!(WouldBlock);

type Result<T> = std::result::Result<T, ErrorCode>;

/// A descriptor of the program.
pub(crate) struct Fd(p2::Descriptor);

/// A listing of the program.
pub(crate) struct Listing(RefCell<p2::Entries>);

impl preopens::Guest for Provider {
    fn get_directories() -> Vec<(Descriptor, String)> {
        workspace::get()
            .preopens()
            .map(|(name, dir)| {
                (
                    Descriptor::new(Fd(p2::Descriptor::Dir(Arc::clone(dir)))),
                    name.to_owned(),
                )
            })
            .collect()
    }
}

impl Guest for Provider {
    type Descriptor = Fd;
    type DirectoryEntryStream = Listing;

    fn filesystem_error_code(error: ErrorBorrow<'_>) -> Option<ErrorCode> {
        match error.get::<Failed>() {
            Failed::File(kind) => Some(code((*kind).into())),
            Failed::Host(_) => None,
        }
    }
}

/// What a change came to; it may be committed now.
fn changed<T>(result: p2::Result<T>) -> Result<T> {
    let value = result.map_err(code)?;
    workspace::get().changed();
    Ok(value)
}

impl GuestDescriptor for Fd {
    fn read_via_stream(&self, offset: u64) -> Result<InputStream> {
        let input = self.0.read_via_stream(offset).map_err(code)?;
        Ok(InputStream::new(Input::file(input)))
    }

    fn write_via_stream(&self, offset: u64) -> Result<OutputStream> {
        let output = self.0.write_via_stream(WriteAt::Offset(offset)).map_err(code)?;
        Ok(OutputStream::new(Output::file(output)))
    }

    fn append_via_stream(&self) -> Result<OutputStream> {
        let output = self.0.write_via_stream(WriteAt::End).map_err(code)?;
        Ok(OutputStream::new(Output::file(output)))
    }

    fn advise(&self, _offset: u64, _length: u64, _advice: Advice) -> Result<()> {
        self.0.advise().map_err(code)
    }

    fn sync_data(&self) -> Result<()> {
        self.0.sync(true).map_err(code)?;
        workspace::get().settle().map_err(|kind| code(kind.into()))
    }

    fn get_flags(&self) -> Result<DescriptorFlags> {
        Ok(flags(&self.0))
    }

    fn get_type(&self) -> Result<DescriptorType> {
        Ok(file_kind(self.0.kind()))
    }

    fn set_size(&self, size: u64) -> Result<()> {
        changed(self.0.set_size(size))
    }

    fn set_times(&self, access: NewTimestamp, modification: NewTimestamp) -> Result<()> {
        changed(self.0.set_times(new_times(access, modification)))
    }

    fn read(&self, length: u64, offset: u64) -> Result<(Vec<u8>, bool)> {
        self.0.read(length, offset).map_err(code)
    }

    fn write(&self, buffer: Vec<u8>, offset: u64) -> Result<u64> {
        let written = self.0.write(&buffer, offset).map_err(code)?;
        workspace::get().wrote();
        Ok(written)
    }

    fn read_directory(&self) -> Result<DirectoryEntryStream> {
        let entries = self.0.read_directory().map_err(code)?;
        Ok(DirectoryEntryStream::new(Listing(RefCell::new(entries))))
    }

    fn sync(&self) -> Result<()> {
        self.0.sync(false).map_err(code)?;
        workspace::get().settle().map_err(|kind| code(kind.into()))
    }

    fn create_directory_at(&self, path: String) -> Result<()> {
        changed(self.0.create_directory_at(&path))
    }

    fn stat(&self) -> Result<DescriptorStat> {
        self.0.stat().map(|attr| stat(&attr)).map_err(code)
    }

    fn stat_at(&self, flags: PathFlags, path: String) -> Result<DescriptorStat> {
        let attr = self.0.stat_at(follow(flags), &path).map_err(code)?;
        Ok(stat(&attr))
    }

    fn set_times_at(
        &self,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> Result<()> {
        let times = new_times(access, modification);
        changed(self.0.set_times_at(follow(flags), &path, times))
    }

    fn link_at(
        &self,
        flags: PathFlags,
        path: String,
        new_descriptor: DescriptorBorrow<'_>,
        new_path: String,
    ) -> Result<()> {
        let to = &new_descriptor.get::<Self>().0;
        changed(self.0.link_at(follow(flags), &path, to, &new_path))
    }

    fn open_at(
        &self,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Descriptor> {
        let opened = self.0.open_at(follow(path_flags), &path, open(open_flags, flags));
        let opened = Descriptor::new(Self(opened.map_err(code)?));
        if open_flags.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE) {
            workspace::get().changed();
        }
        Ok(opened)
    }

    fn readlink_at(&self, path: String) -> Result<String> {
        self.0.readlink_at(&path).map_err(code)
    }

    fn remove_directory_at(&self, path: String) -> Result<()> {
        changed(self.0.remove_directory_at(&path))
    }

    fn rename_at(
        &self,
        old_path: String,
        new_descriptor: DescriptorBorrow<'_>,
        new_path: String,
    ) -> Result<()> {
        let to = &new_descriptor.get::<Self>().0;
        changed(self.0.rename_at(&old_path, to, &new_path))
    }

    fn symlink_at(&self, old_path: String, new_path: String) -> Result<()> {
        changed(self.0.symlink_at(&old_path, &new_path))
    }

    fn unlink_file_at(&self, path: String) -> Result<()> {
        changed(self.0.unlink_file_at(&path))
    }

    fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        self.0.is_same_object(&other.get::<Self>().0)
    }

    fn metadata_hash(&self) -> Result<MetadataHashValue> {
        self.0.metadata_hash().map(metadata_hash).map_err(code)
    }

    fn metadata_hash_at(&self, flags: PathFlags, path: String) -> Result<MetadataHashValue> {
        let hash = self.0.metadata_hash_at(follow(flags), &path);
        hash.map(metadata_hash).map_err(code)
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        if matches!(&self.0, p2::Descriptor::File(open) if open.writable()) {
            workspace::get().closed();
        }
    }
}

impl GuestDirectoryEntryStream for Listing {
    fn read_directory_entry(&self) -> Result<Option<DirectoryEntry>> {
        let entry = self.0.borrow_mut().next_entry().map_err(code)?;
        Ok(entry.map(|(kind, name)| DirectoryEntry {
            type_: file_kind(kind),
            name,
        }))
    }
}
