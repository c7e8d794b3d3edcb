//! Regular files, with their content.

use tarbox_fs::{FilesystemInterface, Handle, OpenFlags, blocking};
use tarbox_store::{Attr, Error, ErrorKind, Result, WriteAt};

use super::place::Place;
use super::{Call, Known, Tell, Told, Unpacker, is_hopeless};
use crate::member::Member;

/// A file of more bytes than this is under another name until it is whole, so that a process that ends leaves no part of it.
const LARGE: u64 = 1 << 20;

/// The file whose content is being written.
#[derive(Debug)]
pub(super) struct OpenFile {
    member: Member,
    /// The path in the workspace, for messages.
    pub(super) path: Vec<u8>,
    /// Where it is while it is not whole, and where it belongs.
    at: Place,
    place: Place,
    attr: Attr,
    handle: Option<Handle>,
    /// The end of what was written.
    pub(super) end: u64,
}

impl Unpacker {
    pub(super) fn begin_file<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        member: &Member,
    ) -> Result<()> {
        let place = self.place(call, &member.path)?;
        let mut at = place.clone();
        if member.size > LARGE {
            at = self.elsewhere(call, &place)?;
        }
        let create = |at: &Place| {
            blocking(
                call.fs
                    .create(call.who, at.dir, &at.name, member.mode & 0o777, OpenFlags::WRITE),
            )
        };
        let (attr, handle) = loop {
            match create(&at) {
                Err(e) if e.kind() == ErrorKind::Exists => {
                    at = self.elsewhere(call, &place)?;
                }
                created => break created?,
            }
        };
        self.file = Some(OpenFile {
            path: self.last_path.clone(),
            member: member.clone(),
            at,
            place,
            attr,
            handle: Some(handle),
            end: 0,
        });
        Ok(())
    }

    /// Writes content; that of a file which was refused is passed over.
    pub(super) fn data<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        offset: u64,
        bytes: &[u8],
        tell: Tell<'_>,
    ) -> Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let Some(handle) = file.handle else {
            return Ok(());
        };
        match blocking(call.fs.write(handle, WriteAt::Offset(offset), bytes)) {
            Ok(written) => {
                file.end = file.end.max(written.size);
                Ok(())
            }
            Err(error) if is_hopeless(&error) => Err(error),
            Err(error) => {
                self.give_up(call, error, tell);
                Ok(())
            }
        }
    }

    pub(super) fn end_file<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        tell: Tell<'_>,
    ) -> Result<()> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        let ended = self.complete(call, &mut file);
        match ended {
            Ok(()) => {
                let bytes = file.member.size;
                self.known.insert(file.attr.ino, Known::New { bytes });
                self.counts.files += 1;
                self.counts.bytes += bytes;
                Ok(())
            }
            Err(error) => {
                self.file = Some(file);
                if is_hopeless(&error) {
                    return Err(error);
                }
                self.give_up(call, error, tell);
                Ok(())
            }
        }
    }

    /// Everything but the content. Each part can be done again.
    fn complete<F: FilesystemInterface>(&mut self, call: &Call<'_, F>, file: &mut OpenFile) -> Result<()> {
        if let Some(handle) = file.handle {
            // A hole at the end is no piece of content: only the length tells of it.
            if file.member.size > file.end {
                blocking(call.fs.truncate(handle, file.member.size))?;
                file.end = file.member.size;
            }
            file.handle = None;
            blocking(call.fs.release(handle))?;
        }
        // Times come last: releasing the handle is what brings the content, and its time, to the inode.
        self.restore(call, (file.attr.ino, Some(&file.attr)), &file.member)?;
        self.settle(call, &file.at, &file.place)
    }

    fn give_up<F: FilesystemInterface>(&mut self, call: &Call<'_, F>, error: Error, tell: Tell<'_>) {
        let path = self
            .file
            .as_ref()
            .map(|file| file.path.clone())
            .unwrap_or_default();
        // Why it could not be written matters more than that it cannot be removed.
        let _ = self.drop_file(call);
        tell(Told::Failed { path, error });
    }

    /// Removes a file that is not whole.
    pub(super) fn drop_file<F: FilesystemInterface>(&mut self, call: &Call<'_, F>) -> Result<()> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        if let Some(handle) = file.handle {
            // Whatever closing says: the file goes.
            let _ = blocking(call.fs.release(handle));
        }
        blocking(call.fs.unlink(call.who, file.at.dir, &file.at.name))
    }
}
