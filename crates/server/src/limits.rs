//! How often somebody may ask.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{HeaderName, StatusCode, header};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::options::Options;
use crate::problem::{Answer, Problem};

/// Wrong keys per minute from one address, and how many at once.
const GUESSES: NonZeroU32 = NonZeroU32::new(60).unwrap();
const GUESSES_AT_ONCE: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// After so many requests those who have not asked for long are forgotten.
const SWEEP: u32 = 4096;

/// The limits of a server.
pub(crate) struct Limits {
    keys: Option<DefaultKeyedRateLimiter<String>>,
    rate: u32,
    guesses: DefaultKeyedRateLimiter<IpAddr>,
    asked: AtomicU32,
    clock: DefaultClock,
}

impl Limits {
    pub(crate) fn new(options: &Options) -> Self {
        let rate = options.rate.and_then(NonZeroU32::new);
        Self {
            keys: rate.map(|rate| RateLimiter::keyed(Quota::per_second(rate))),
            rate: rate.map_or(0, NonZeroU32::get),
            guesses: RateLimiter::keyed(Quota::per_minute(GUESSES).allow_burst(GUESSES_AT_ONCE)),
            asked: AtomicU32::new(0),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of a key.
    pub(crate) fn allow(&self, key: &str) -> Answer<()> {
        let Some(keys) = &self.keys else {
            return Ok(());
        };
        self.sweep(keys);
        keys.check_key(&key.to_owned()).map_err(|early| {
            let wait = early.wait_time_from(self.clock.now()).as_secs() + 1;
            too_many(wait)
                .because(format!("a key may ask {} times a second", self.rate))
                .with(
                    HeaderName::from_static("ratelimit-policy"),
                    format!("\"key\";q={};w=1", self.rate),
                )
                .with(
                    HeaderName::from_static("ratelimit"),
                    format!("\"key\";r=0;t={wait}"),
                )
        })
    }

    /// Counts a wrong key from an address; the answer to it is an error when there were too many. Right ones are answered whatever
    /// others do at the same address, which may be that of a proxy.
    pub(crate) fn count_wrong(&self, peer: Option<IpAddr>) -> Answer<()> {
        self.sweep(&self.guesses);
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.guesses.check_key(&peer).map_err(|early| {
            let wait = early.wait_time_from(self.clock.now()).as_secs() + 1;
            too_many(wait).because("too many wrong keys came from this address")
        })
    }

    fn sweep<K: std::hash::Hash + Eq + Clone>(&self, limiter: &DefaultKeyedRateLimiter<K>) {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            limiter.retain_recent();
        }
    }
}

fn too_many(wait: u64) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "TOO_MANY_REQUESTS",
        "too many requests",
    )
    .with(header::RETRY_AFTER, wait)
}
