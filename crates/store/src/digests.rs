//! The hashes of a file's pieces, by which two copies of a file find out where they differ.

use crate::*;

/// Bytes that the pieces of one call of [`Store::digests`] may have together.
pub const DIGESTS_MAX: u64 = 256 << 20;
/// Bytes of the smallest piece.
pub const DIGEST_PIECE_MIN: u32 = 4 << 10;
/// Bytes of one read.
const READ: usize = 1 << 20;

/// The BLAKE3 hash of a piece.
pub type Digest = [u8; 32];

/// Refuses pieces that are too small or too many.
///
/// # Errors
/// `Invalid`, with the limit.
pub fn check_digests(size: u32, count: u32) -> Result<()> {
    let invalid = |why| Err(Error::new(ErrorKind::Invalid).because(why));
    if size < DIGEST_PIECE_MIN {
        return invalid("a piece that is hashed has at least 4 KiB");
    }
    match u64::from(size) * u64::from(count) <= DIGESTS_MAX {
        true => Ok(()),
        false => invalid("the pieces that are hashed at once have at most 256 MiB together"),
    }
}

/// [`Store::digests`] by reading.
pub(crate) async fn by_reading<S: Store + ?Sized>(
    store: &S,
    view: View,
    ino: Ino,
    from: u64,
    size: u32,
    count: u32,
) -> Result<Vec<Digest>> {
    check_digests(size, count)?;
    let mut digests = Vec::new();
    let mut buffer = vec![0; READ.min(size as usize)];
    for at in 0..u64::from(count) {
        let begin = from.saturating_add(at * u64::from(size));
        let mut hasher = blake3::Hasher::new();
        let mut done = 0;
        while done < u64::from(size) {
            let wanted = (u64::from(size) - done).min(buffer.len() as u64) as usize;
            let read = store
                .read(
                    view,
                    ino,
                    begin.saturating_add(done),
                    &mut buffer[..wanted],
                    Access::Quiet,
                )
                .await?;
            hasher.update(&buffer[..read]);
            done += read as u64;
            if read < wanted {
                break;
            }
        }
        if done > 0 {
            digests.push(*hasher.finalize().as_bytes());
        }
        if done < u64::from(size) {
            break;
        }
    }
    Ok(digests)
}
