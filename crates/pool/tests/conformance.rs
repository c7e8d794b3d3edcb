//! Every pool of this crate keeps the contract.

use std::sync::Arc;

use tarbox_pool::{FaultPool, MemoryPool, OpenOptions, Pool, SahPool};

mod memory {
    fn empty() -> (std::sync::Arc<dyn tarbox_pool::Pool>, ()) {
        (super::Arc::new(super::MemoryPool::new()), ())
    }
    tarbox_pool::conformance_tests!(empty);
}

#[cfg(not(target_family = "wasm"))]
mod directory {
    fn empty() -> (super::Arc<dyn super::Pool>, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        (
            super::Arc::new(tarbox_pool::DirectoryPool::open(directory.path()).unwrap()),
            directory,
        )
    }
    tarbox_pool::conformance_tests!(empty);
}

mod fault {
    fn empty() -> (super::Arc<dyn super::Pool>, ()) {
        (super::Arc::new(super::FaultPool::new()), ())
    }
    tarbox_pool::conformance_tests!(empty);
}

mod sahpool {
    use super::{Arc, FaultPool, MemoryPool, OpenOptions, Pool, SahPool};

    fn over(device: &dyn Pool) -> (Arc<dyn Pool>, ()) {
        let slot = |id: u32| {
            let device = device.open(&format!("slot-{id}"), OpenOptions::CREATE);
            (id, device.unwrap())
        };
        (Arc::new(SahPool::open((0..300).map(slot)).unwrap()), ())
    }

    mod over_memory {
        fn empty() -> (super::Arc<dyn super::Pool>, ()) {
            super::over(&super::MemoryPool::new())
        }
        tarbox_pool::conformance_tests!(empty);
    }

    mod over_a_model_of_a_disk {
        fn empty() -> (super::Arc<dyn super::Pool>, ()) {
            super::over(&super::FaultPool::new())
        }
        tarbox_pool::conformance_tests!(empty);
    }
}
