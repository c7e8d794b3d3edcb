//! What a rival has to be able to do.

use std::future::Future;

use crate::Result;

/// A place for files, as the work uses it. Paths are relative, with `/`: three components to a small file.
///
/// Every operation does what a program would ask for by path: an adapter may prepare statements and keep its
/// connection, but must not keep what it learned about one path for the next operation on it.
pub trait Files {
    /// Makes a directory.
    fn mkdir(&mut self, path: &str) -> impl Future<Output = Result<()>>;

    /// Makes a file with this content and closes it.
    fn create(&mut self, path: &str, content: &[u8]) -> impl Future<Output = Result<()>>;

    /// The same, and returns when it is on the device.
    fn create_synced(&mut self, path: &str, content: &[u8]) -> impl Future<Output = Result<()>>;

    /// The size of the file with this path.
    fn stat(&mut self, path: &str) -> impl Future<Output = Result<u64>>;

    /// Lists the names in a directory, and answers how many they are.
    fn list(&mut self, path: &str) -> impl Future<Output = Result<usize>>;

    /// Lists a directory with the attributes of all files, and answers the sum of their sizes.
    fn list_long(&mut self, path: &str) -> impl Future<Output = Result<u64>>;

    /// Opens a file, reads all of it into the front of `buffer`, closes it, and answers how much it was.
    fn read(&mut self, path: &str, buffer: &mut [u8]) -> impl Future<Output = Result<usize>>;

    /// Removes a file.
    fn delete(&mut self, path: &str) -> impl Future<Output = Result<()>>;

    /// Opens the one large file of the moment, made empty if asked.
    fn open(&mut self, path: &str, truncate: bool) -> impl Future<Output = Result<()>>;

    /// Writes to the open file.
    fn write_at(&mut self, offset: u64, data: &[u8]) -> impl Future<Output = Result<()>>;

    /// Reads from the open file, and answers how much.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> impl Future<Output = Result<usize>>;

    /// Closes it.
    fn close(&mut self) -> impl Future<Output = Result<()>>;

    /// Ends what goes on in the background, as far as other processes have to see it; the device may still follow.
    fn settle(&mut self) -> impl Future<Output = Result<()>>;
}
