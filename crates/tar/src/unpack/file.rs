//! Regular files, with their content.

use tarbox_fs::{FilesystemInterface, NewFile, blocking};
use tarbox_store::{Error, Result};

use super::{Call, Known, Tell, Told, Unpacker, is_hopeless};
use crate::member::{Member, Step};

/// The file whose content is being written: the last member.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) file: NewFile,
    pub(super) member: Box<Member>,
}

impl Unpacker {
    pub(super) fn begin_file<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        member: &Member,
    ) -> Result<NewFile> {
        let place = self.place(call, &member.path)?;
        self.placing(call, |placer| {
            blocking(placer.begin(place, member.mode, member.size))
        })
    }

    /// Writes content; that of a file which was refused is passed over.
    pub(super) fn data<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        offset: u64,
        bytes: &[u8],
        tell: Tell<'_>,
    ) -> Result<()> {
        let Some(open) = &mut self.file else {
            return Ok(());
        };
        match blocking(open.file.write(call.fs, offset, bytes)) {
            Err(error) if !is_hopeless(&error) => {
                self.give_up(call, error, tell);
                Ok(())
            }
            written => written,
        }
    }

    pub(super) fn end_file<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        tell: Tell<'_>,
    ) -> Result<()> {
        let Some(mut open) = self.file.take() else {
            return Ok(());
        };
        let (file, member) = (&mut open.file, &open.member);
        let ended = self.placing(call, |placer| {
            blocking(placer.complete(file, member.size, &member.attributes()))
        });
        match ended {
            Ok(replaced) => {
                self.forget(replaced);
                let bytes = member.size;
                self.known.insert(file.ino(), Known::New { bytes });
                self.counts.files += 1;
                self.counts.bytes += bytes;
                Ok(())
            }
            Err(error) => {
                self.file = Some(open);
                if is_hopeless(&error) {
                    self.pending = Some(Step::EndFile);
                    return Err(error);
                }
                self.give_up(call, error, tell);
                Ok(())
            }
        }
    }

    fn give_up<F: FilesystemInterface>(&mut self, call: &Call<'_, F>, error: Error, tell: Tell<'_>) {
        // Why it could not be written matters more than that it cannot be removed.
        let _ = self.drop_file(call);
        let path = self.last_path.clone();
        tell(Told::Failed { path, error });
    }

    /// Removes a file that is not whole.
    pub(super) fn drop_file<F: FilesystemInterface>(&mut self, call: &Call<'_, F>) -> Result<()> {
        match self.file.take() {
            Some(open) => blocking(open.file.discard(call.fs, call.who)),
            None => Ok(()),
        }
    }
}
