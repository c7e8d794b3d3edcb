//! Random calls of hostile programs. The fuzzers in `fuzz/` go on where this ends.

#[path = "../fuzz/driver/mod.rs"]
mod driver;

/// Bytes that are the same for the same seed.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Runs each of the sequences, or the one that `TARBOX_SEED` names.
fn each(run: impl Fn(&[u8])) {
    let one = std::env::var("TARBOX_SEED")
        .ok()
        .map(|seed| seed.parse().unwrap());
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..400,
    };
    for seed in seeds {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&bytes(seed, 4000))));
        assert!(ended.is_ok(), "TARBOX_SEED={seed} repeats it");
    }
}

#[test]
fn preview_1() {
    each(driver::p1::run);
}

#[test]
fn filesystem_of_0_2() {
    each(driver::p2::run);
}
