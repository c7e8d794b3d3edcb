//! Blocks.

use tarbox_store::{ErrorKind, Ino};
use tarbox_store_core::{
    Appender as _, Applied, Block, Content, Engine, Found, Fragment, Hash, Map, Target, Want,
};

use super::Processes;
use super::fixture::{Fixture, apply, load, put};

/// A file with one block, by one process.
async fn block<P: Processes>(f: &Fixture<'_, P>, bytes: &[u8]) -> Hash {
    let hash = *blake3::hash(bytes).as_bytes();
    f.one.acquire(f.tenant).await.unwrap();
    let mut row = f.row(f.one).await;
    let added = {
        let mut appender = f.one.appender(&row);
        assert!(appender.added(&hash).is_none());
        appender.append(hash, bytes).unwrap();
        appender.sync().await.unwrap();
        (row.segment, row.segment_len) = appender.position();
        appender.added(&hash).expect("it was added")
    };
    assert_eq!(added.len as usize, bytes.len());
    row.bytes += bytes.len() as u64;
    let mut batch = f.creates(&mut row, "a");
    let ino = batch.inodes[0].0;
    let file = batch.inodes[0].1.row.as_mut().unwrap();
    file.content = Content::Chunked;
    (file.size, file.stored) = (bytes.len() as u64, bytes.len() as u64);
    let fragments = vec![Fragment {
        start: 0,
        len: bytes.len() as u32,
        skip: 0,
        hash,
    }];
    let map = Map {
        fragments,
        born: row.head,
    };
    batch.chunks.push((ino, 0, put(map)));
    batch.blocks.push((hash, Some(Block { refs: 1, ..added })));
    batch.live.push((added.segment, i64::from(added.len)));
    assert_eq!(apply(f.one, batch).await, Applied::Yes);
    f.one.release(f.tenant).unwrap();
    hash
}

pub async fn blocks_are_fetched_by_everybody(f: &Fixture<'_, impl Processes>) {
    let bytes: Vec<u8> = (0..10_000u32).map(|i| (i * 7) as u8).collect();
    let hash = block(f, &bytes).await;
    for engine in [f.one, f.other] {
        let part = |skip: u32, len: u32, at| Target { hash, skip, len, at };
        let mut buffer = vec![0; 10_100];
        let targets = [part(5_000, 100, 0), part(0, 10_000, 100)];
        engine.fetch(f.tenant, &targets, &mut buffer).await.unwrap();
        assert_eq!(buffer[..100], bytes[5_000..5_100]);
        assert_eq!(buffer[100..], bytes);
        let found = engine
            .load(f.tenant, &[Want::Block(hash), Want::Block([9; 32])])
            .await
            .unwrap();
        assert!(matches!(
            found[..],
            [
                Found::Block(Some(Block {
                    refs: 1,
                    len: 10_000,
                    ..
                })),
                Found::Block(None)
            ]
        ));
        let chunks = Want::Chunks {
            file: Ino(2),
            from: 0,
            to: 9,
        };
        let Found::Chunks(chunks) = load(engine, f.tenant, chunks).await else {
            panic!("these are chunks");
        };
        assert_eq!(chunks[0].1.hashes(), [hash]);
    }
}

pub async fn a_block_that_is_not_there_is_corrupt(f: &Fixture<'_, impl Processes>) {
    let missing = Target {
        hash: [7; 32],
        skip: 0,
        len: 4,
        at: 0,
    };
    let fetched = f.one.fetch(f.tenant, &[missing], &mut [0; 4]).await;
    assert_eq!(fetched.unwrap_err().kind(), ErrorKind::Corrupt);
}
