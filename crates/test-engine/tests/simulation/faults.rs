//! What goes wrong, and when.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use tarbox_test_engine::{Call, Fate, Outcome, Schedule};

/// Numbers that a seed gives (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// So many times of a thousand.
    pub(crate) fn happens(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }
}

/// How often what goes wrong, of a thousand. Each seed has only some kinds of faults, so that none hides another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) delay: u64,
    fail: u64,
    lose_reply: u64,
    overtake: u64,
    pub(crate) pause: u64,
    pub(crate) kill: u64,
    pub(crate) crash: u64,
}

impl Rates {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let mut some = |most: u64| match random.below(2) {
            0 => 0,
            _ => 1 + random.below(most),
        };
        Self {
            delay: some(500),
            fail: some(60),
            lose_reply: some(60),
            overtake: some(30),
            pause: some(20),
            kill: some(6),
            crash: some(6),
        }
    }
}

#[derive(Debug)]
struct State {
    random: Random,
    rates: Rates,
    paused: BTreeSet<u32>,
    is_calm: bool,
}

/// The schedule of a seed.
#[derive(Debug)]
pub(crate) struct Faults(Mutex<State>);

impl Faults {
    pub(crate) fn new(random: Random, rates: Rates) -> Self {
        Self(Mutex::new(State {
            random,
            rates,
            paused: BTreeSet::new(),
            is_calm: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// From now on nothing goes wrong.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.is_calm = true;
        state.paused.clear();
    }

    pub(crate) fn pause(&self, process: u32) {
        self.lock().paused.insert(process);
    }

    pub(crate) fn go_on(&self, process: u32) {
        self.lock().paused.remove(&process);
    }

    pub(crate) fn is_paused(&self, process: u32) -> bool {
        self.lock().paused.contains(&process)
    }
}

impl Schedule for Faults {
    fn fate(&self, process: u32, call: Call) -> Fate {
        let fate = self.draw();
        crate::tell!("  {process}: {call:?} {fate:?}");
        fate
    }

    fn overtakes(&self, holder: u32) -> bool {
        let state = &mut *self.lock();
        // Whoever stands still is not waited for; whoever is slow is, for longer.
        let per_mille = match state.paused.contains(&holder) {
            true => 200,
            false => state.rates.overtake.min(10),
        };
        !state.is_calm && state.random.happens(per_mille)
    }
}

impl Faults {
    fn draw(&self) -> Fate {
        let state = &mut *self.lock();
        let (random, rates) = (&mut state.random, state.rates);
        if state.is_calm {
            return tarbox_test_engine::Obedient.fate(0, Call::Load);
        }
        let mut delay = || match random.happens(rates.delay) {
            true => 1 + random.below(8) as u32,
            false => 0,
        };
        let (before, after) = (delay(), delay());
        let outcome = match () {
            () if random.happens(rates.fail) => Outcome::Fail,
            () if random.happens(rates.lose_reply) => Outcome::LoseReply,
            () => Outcome::Answer,
        };
        Fate {
            before,
            after,
            outcome,
        }
    }
}
