//! When a request is sent again.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

/// The longest pause before the second try; it doubles from there.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause of all.
const LONGEST: Duration = Duration::from_secs(4);
/// Tries that a client has to spare while nothing succeeds.
const SPARE_MAX: f64 = 200.0;
/// What a success earns.
const EARNED: f64 = 0.2;

/// How many more tries a client makes, over all its operations: a server that is down for long must not be asked by everybody
/// all the time.
pub(crate) struct Budget(Mutex<f64>);

impl Default for Budget {
    fn default() -> Self {
        Self(Mutex::new(SPARE_MAX))
    }
}

impl Budget {
    /// Takes one try, if there is any.
    pub(crate) fn take(&self) -> bool {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let any = *spare >= 1.0;
        if any {
            *spare -= 1.0;
        }
        any
    }

    /// Something succeeded.
    pub(crate) fn earn(&self) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *spare = (*spare + EARNED).min(SPARE_MAX);
    }
}

/// How long to pause before try `tries + 1`: anything up to a bound that doubles (full jitter), or what the server asks for and a
/// little more.
pub(crate) fn pause(tries: u32, asked_for: Option<Duration>) -> Duration {
    let bound = FIRST.saturating_mul(1 << tries.min(10)).min(LONGEST);
    asked_for.map_or(Duration::ZERO, |time| time.min(Duration::from_secs(60))) + bound.mul_f64(random())
}

/// From 0 to 1: in a browser, where nothing but the page knows random numbers, by the moment at which it is asked for.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn random() -> f64 {
    use std::hash::{BuildHasher as _, RandomState};
    f64::from(RandomState::new().hash_one(0) as u32) / f64::from(u32::MAX)
}

/// From 0 to 1.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
fn random() -> f64 {
    match getrandom::u32() {
        Ok(number) => f64::from(number) / f64::from(u32::MAX),
        // Without jitter the pause is longest.
        Err(_) => 1.0,
    }
}
