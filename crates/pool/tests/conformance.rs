//! Every pool of this crate keeps the contract.

use std::sync::Arc;

use tarbox_pool::{FaultPool, MemoryPool, Pool};

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
