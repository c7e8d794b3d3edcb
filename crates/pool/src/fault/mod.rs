//! A pool that fails on purpose: the disk of every crash test.
//!
//! [`FaultPool`] models a disk behind a write cache. What is written is visible at once, and *durable* only
//! after [`PoolFile::sync`](crate::PoolFile::sync) (or, for names,
//! [`Pool::sync_names`](crate::Pool::sync_names)). Every change and every sync is a numbered **step**; a
//! [`FaultPlan`] lets the power fail at one of them, lets calls fail, or bounds the space.
//! [`FaultPool::after_crash`] then gives the pool as the disk might hold it: the synced state, and of what
//! was not synced whatever the [`CrashPolicy`] and the seed choose. The same workload, plan and seed give the
//! same disk.
//!
//! ```
//! use tarbox_pool::fault::{CrashPolicy, FaultPlan, FaultPool};
//! use tarbox_pool::{ErrorKind, OpenOptions, Pool, PoolExt, PoolFile};
//!
//! let pool = FaultPool::new();
//! let file = pool.open("log", OpenOptions::CREATE)?; // step 1
//! file.write_at(b"kept", 0)?; // step 2
//! file.sync()?; // step 3
//! pool.set_plan(FaultPlan::new().crash_at(1)); // counts anew
//! let error = file.write_at(b"lost", 0).unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::PowerLost);
//!
//! let disk = pool.after_crash(42, CrashPolicy::DropUnsynced);
//! assert_eq!(disk.read_file("log")?, b"kept");
//! # Ok::<(), tarbox_pool::Error>(())
//! ```

mod crash;
mod device;
mod inode;
mod plan;
mod pool;
mod rng;

pub use crash::CrashPolicy;
pub use device::Step;
pub use plan::FaultPlan;
pub use pool::FaultPool;
pub use rng::Rng;
