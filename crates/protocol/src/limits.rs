//! What one request may ask for. Clients split what is larger.

/// Calls in a batch.
pub const CALLS_MAX: usize = 1_024;
/// Conditions of a batch.
pub const CONDITIONS_MAX: usize = 1_024;
/// Bytes of one write, and of all reads of a batch together.
pub const CONTENT_MAX: usize = 16 << 20;
/// Bytes of an encoded batch: one write of the largest size and all that goes with it.
pub const REQUEST_MAX: usize = CONTENT_MAX + (1 << 20);
/// Bytes of an encoded reply that a client accepts. The longest come of the difference between two layers.
pub const REPLY_MAX: usize = 256 << 20;
/// Entries of one listing.
pub const LIST_MAX: usize = 4_096;
/// Records of one query of the log.
pub const LOG_MAX: usize = 10_000;
/// Names of one walk: as many as a path of 4,096 bytes has.
pub const WALK_MAX: usize = 2_048;
/// Bytes of the agent in a batch.
pub const AGENT_MAX: usize = 255;
/// Slots of a session.
pub const SLOTS_MAX: u16 = 64;
/// How long a call may wait for a change, in milliseconds.
pub const PATIENCE_MAX_MS: u32 = 60_000;
