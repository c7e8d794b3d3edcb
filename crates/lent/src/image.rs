//! The packed files that a composition carries.

use tarbox_pool::archive::Unpack;
use tarbox_pool::{Error, OpenOptions, Pool};

use crate::bindings::tarbox::workspace::baked;

/// Bytes that are fetched at once.
const PIECE: u32 = 1 << 20;
/// What the packed database is called.
const PACKED: &str = "tarbox.db";
/// A file that is there while the files are being unpacked: what a program that was killed left is unpacked again.
const UNPACKING: &str = "unpacking";

/// Unpacks them where there is no database of that name yet.
///
/// # Errors
/// What went wrong, in a sentence.
pub(crate) fn unpack(pool: &dyn Pool, database: &str) -> Result<(), String> {
    let size = baked::image_size();
    if size == 0 {
        return Ok(());
    }
    let told = |error: Error| format!("cannot unpack the files that the program carries: {error}");
    let mark = format!("{database}-{UNPACKING}");
    if pool.exists(database).map_err(told)? && !pool.exists(&mark).map_err(told)? {
        return Ok(());
    }
    if database != PACKED {
        return Err(format!(
            "TARBOX_DB is '{database}'; a program that carries files calls it {PACKED}"
        ));
    }
    pool.open(&mark, OpenOptions::CREATE)
        .and_then(|_| pool.sync_names())
        .map_err(told)?;
    let mut unpack = Unpack::new(pool);
    let mut offset = 0;
    while offset < size {
        let piece = baked::image(offset, PIECE);
        offset += piece.len() as u64;
        unpack.feed(&piece).map_err(told)?;
    }
    unpack.finish().map_err(told)?;
    pool.delete(&mark).and_then(|()| pool.sync_names()).map_err(told)
}
