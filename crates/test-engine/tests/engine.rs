//! The contract of engines, and what the one in memory does on purpose.

use std::sync::Arc;

use tarbox_store::ErrorKind;
use tarbox_store::{Quota, Timestamp};
use tarbox_store_core::{Engine, Target, TenantId};
use tarbox_test_engine::conformance::{Processes, block_on};
use tarbox_test_engine::{MemoryEngine, Obedient, Server, Sight};

struct Two {
    server: Server,
    engines: [MemoryEngine; 2],
}

impl Processes for Two {
    type Engine = MemoryEngine;

    fn engines(&self) -> [&MemoryEngine; 2] {
        self.engines.each_ref()
    }

    fn depose(&self, _: TenantId) -> bool {
        self.server.crash(usize::MAX);
        true
    }
}

fn two(sight: Sight) -> Two {
    let server = Server::new();
    let engine = || MemoryEngine::with(&server, sight, Arc::new(Obedient));
    let engines = [engine(), engine()];
    Two { server, engines }
}

mod seeing_all {
    use super::*;
    tarbox_test_engine::engine_conformance_tests!(|| two(Sight::All));
}

mod looking {
    use super::*;
    tarbox_test_engine::engine_conformance_tests!(|| two(Sight::Looked));
}

#[test]
fn a_process_that_ended_is_answered_nothing() {
    let Two { server, engines } = two(Sight::All);
    let tenant = block_on(engines[0].create("t", Quota::default(), Timestamp(1)))
        .unwrap()
        .id;
    block_on(engines[0].acquire(tenant)).unwrap();
    server.kill(engines[0].process());
    assert_eq!(
        block_on(engines[0].sync(tenant)).unwrap_err().kind(),
        ErrorKind::Io
    );
    // And nobody waits for it.
    block_on(engines[1].acquire(tenant)).unwrap();
    let nothing: [Target; 0] = [];
    block_on(engines[1].fetch(tenant, &nothing, &mut [])).unwrap();
}
