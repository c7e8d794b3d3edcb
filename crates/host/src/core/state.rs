//! What a running module has on the host's side.

use super::Preview1;
use crate::limiter::Limiter;

pub(super) struct State {
    pub(super) preview1: Preview1,
    pub(super) limiter: Limiter,
}
