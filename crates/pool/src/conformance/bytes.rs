//! Contents: reading, writing, truncating, syncing.

use std::sync::Arc;

use super::{assert_fails, create};
use crate::error::ErrorKind;
use crate::ext::PoolFileExt;
use crate::pool::{MAX_FILE_LEN, Pool};

/// The simplest promise.
pub fn what_was_written_is_read_back(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    file.write_at(b"hello", 0).unwrap();
    file.write_at(b" world", 5).unwrap();
    assert_eq!(file.read_all().unwrap(), b"hello world");
    let mut middle = [0; 3];
    file.read_exact_at(&mut middle, 4).unwrap();
    assert_eq!(&middle, b"o w");
}

/// A read gets everything there is, and nothing past the end.
pub fn reads_are_short_only_at_the_end(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    file.write_at(&[7; 10_000], 0).unwrap();
    let mut buf = [0; 6_000];
    assert_eq!(file.read_at(&mut buf, 0).unwrap(), 6_000);
    assert_eq!(file.read_at(&mut buf, 6_000).unwrap(), 4_000);
    assert_eq!(file.read_at(&mut buf, 9_999).unwrap(), 1);
    assert_eq!(file.read_at(&mut buf, 10_000).unwrap(), 0);
    assert_eq!(file.read_at(&mut buf, u64::MAX).unwrap(), 0);
    assert_eq!(file.read_at(&mut [], 0).unwrap(), 0);
    assert_fails(file.read_exact_at(&mut buf, 6_000), ErrorKind::Io);
}

/// Ranges of every alignment leave their neighbours alone.
pub fn overwriting_changes_only_its_range(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    let mut expected = vec![1; 20_000];
    file.write_at(&expected, 0).unwrap();
    for (turn, (offset, len)) in [(0, 1), (4_095, 2), (511, 514), (8_192, 4_096), (19_999, 1)]
        .into_iter()
        .enumerate()
    {
        let data = vec![turn as u8 + 2; len];
        file.write_at(&data, offset as u64).unwrap();
        expected[offset..offset + len].copy_from_slice(&data);
    }
    assert!(file.read_all().unwrap() == expected);
}

/// Bytes nobody wrote are zeros.
pub fn gaps_read_as_zeros(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    file.write_at(b"end", 9_000).unwrap();
    assert_eq!(file.len().unwrap(), 9_003);
    let all = file.read_all().unwrap();
    assert!(all[..9_000].iter().all(|&byte| byte == 0));
    assert_eq!(&all[9_000..], b"end");
}

/// An empty write does not even extend the file.
pub fn writing_nothing_changes_nothing(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    file.write_at(b"", 100).unwrap();
    assert_eq!(file.len().unwrap(), 0);
}

/// Cut-off bytes do not come back.
pub fn truncation_cuts_and_extends_with_zeros(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    file.write_at(&[9; 10_000], 0).unwrap();
    file.truncate(5_000).unwrap();
    assert_eq!(file.len().unwrap(), 5_000);
    assert_eq!(file.read_at(&mut [0; 10], 5_000).unwrap(), 0);
    file.truncate(9_000).unwrap();
    file.write_at(&[8], 9_500).unwrap();
    let all = file.read_all().unwrap();
    assert_eq!(all.len(), 9_501);
    assert!(all[..5_000].iter().all(|&byte| byte == 9));
    assert!(all[5_000..9_500].iter().all(|&byte| byte == 0));
    file.truncate(0).unwrap();
    assert!(file.is_empty().unwrap());
}

/// Offsets are 64 bits wide.
pub fn sparse_files_reach_beyond_four_gibibytes(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    let far = (1 << 32) + 123;
    file.write_at(b"far", far).unwrap();
    file.write_at(b"near", 123).unwrap();
    assert_eq!(file.len().unwrap(), far + 3);
    let mut bytes = [0; 3];
    file.read_exact_at(&mut bytes, far).unwrap();
    assert_eq!(&bytes, b"far");
    file.truncate(127).unwrap();
    assert_eq!(&file.read_all().unwrap()[123..], b"near");
}

/// Neither an overflow nor a negative offset gets through.
pub fn a_file_cannot_pass_the_largest_length(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    file.write_at(b"kept", 0).unwrap();
    assert_fails(file.write_at(b"xx", MAX_FILE_LEN - 1), ErrorKind::FileTooLarge);
    assert_fails(file.write_at(b"x", u64::MAX), ErrorKind::FileTooLarge);
    assert_fails(file.truncate(MAX_FILE_LEN + 1), ErrorKind::FileTooLarge);
    assert_eq!(file.read_all().unwrap(), b"kept");
}

/// Several megabytes in one call.
pub fn large_pieces_go_through_whole(pool: Arc<dyn Pool>) {
    let file = create(&pool, "a");
    let data: Vec<u8> = (0..3_000_001_u32)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    file.write_at(&data, 777).unwrap();
    let mut back = vec![0; data.len()];
    assert_eq!(file.read_at(&mut back, 777).unwrap(), data.len());
    assert!(back == data);
}

/// Syncing is always allowed where writing is.
pub fn sync_succeeds_on_anything_open(pool: Arc<dyn Pool>) {
    let file = create(&pool, "d/a");
    file.sync().unwrap();
    file.write_at(b"x", 0).unwrap();
    file.sync().unwrap();
    file.sync().unwrap();
    pool.delete("d/a").unwrap();
    file.sync().unwrap();
    pool.sync_names().unwrap();
    pool.sync_names().unwrap();
}
