//! What a lease needs of the runtime.

use std::io;
use std::time::Duration;

use tarbox_pool::lease::Ground;

use super::directory::entries;
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};
use crate::bindings::wasi::random::random::get_random_u64;
use crate::clocks;

impl Ground for Descriptor {
    fn make_dir(&self, path: &str) -> io::Result<()> {
        self.create_directory_at(path).map_err(failed)
    }

    fn make_file(&self, path: &str) -> io::Result<()> {
        let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
        let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        let made = self.open_at(PathFlags::empty(), path, how, flags);
        made.map(drop).map_err(failed)
    }

    fn first_entry(&self, path: &str) -> io::Result<Option<String>> {
        let all = entries(self, path).map_err(failed)?;
        Ok(all.into_iter().next().map(|(name, _)| name))
    }

    fn touched(&self, path: &str) -> Option<i128> {
        let stat = self.stat_at(PathFlags::empty(), path).ok()?;
        let time = stat.data_modification_timestamp;
        Some(time.map_or(0, |time| {
            i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)
        }))
    }

    fn touch(&self, path: &str) -> io::Result<()> {
        let kept = NewTimestamp::NoChange;
        self.set_times_at(PathFlags::empty(), path, kept, NewTimestamp::Now)
            .map_err(failed)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename_at(from, self, to).map_err(failed)
    }

    fn remove_file(&self, path: &str) -> io::Result<()> {
        self.unlink_file_at(path).map_err(failed)
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.remove_directory_at(path).map_err(failed)
    }

    fn monotonic(&self) -> u64 {
        clocks::monotonic()
    }

    fn wall(&self) -> i128 {
        clocks::wall()
    }

    fn pause(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        monotonic_clock::subscribe_duration(nanos).block();
    }

    fn random(&self) -> u64 {
        get_random_u64()
    }
}

fn failed(code: ErrorCode) -> io::Error {
    let kind = match code {
        ErrorCode::Exist => io::ErrorKind::AlreadyExists,
        ErrorCode::NoEntry => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, code.message())
}
