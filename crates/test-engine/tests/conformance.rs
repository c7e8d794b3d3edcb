//! The store's contract over the engine in memory: as a process that sees every commit, and as one that has to look; with caches
//! of almost no size, and without a thread in the background.

use std::sync::Arc;

use tarbox_store::Timestamp;
use tarbox_store_core::Settings;
use tarbox_test_engine::{MemoryDatabase, MemoryEngine, Obedient, Server, Sight};

/// So little that next to nothing stays in memory.
const TINY: u64 = 64 * 1024;

fn fresh(sight: Sight, cache_bytes: u64, background: bool) -> (MemoryDatabase, ()) {
    let engine = MemoryEngine::with(&Server::new(), sight, Arc::new(Obedient));
    let settings = Settings {
        cache_bytes,
        listing_max: 1_000,
        clock: Arc::new(Timestamp::of_system),
        background,
    };
    (MemoryDatabase::new(engine, &settings).unwrap(), ())
}

macro_rules! suites {
    ($($name:ident: $sight:expr, $cache:expr, $background:expr;)*) => {
        $(mod $name {
            use super::*;
            tarbox_store::store_conformance_tests!(|| fresh($sight, $cache, $background));
        })*
    };
}

suites! {
    plain: Sight::All, 1 << 24, true;
    with_tiny_cache: Sight::All, TINY, true;
    in_the_foreground: Sight::All, 1 << 24, false;
    looking: Sight::Looked, 1 << 24, true;
    looking_with_tiny_cache: Sight::Looked, TINY, false;
}
