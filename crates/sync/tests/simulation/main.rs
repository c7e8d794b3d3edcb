//! Replicas and a server in memory, whose users work while rounds run, and of which everything fails: whatever happens, after they meet
//! all are equal, and no content is lost that somebody did not replace or remove who had seen it.

mod driver;
mod faulty;
mod site;
mod world;

/// How many seeds are run where nobody says.
const SEEDS: u64 = 1_000;

/// `TARBOX_SYNC_SEEDS=100000` for a long run, `TARBOX_SYNC_SEED=17` for one seed again.
#[test]
fn whatever_happens_all_are_equal_in_the_end_and_nothing_is_lost() {
    let number = |name| {
        std::env::var(name)
            .ok()
            .map(|text: String| text.parse::<u64>().expect(name))
    };
    if let Some(seed) = number("TARBOX_SYNC_SEED") {
        world::run(seed, true);
        return;
    }
    let seeds = number("TARBOX_SYNC_SEEDS").unwrap_or(SEEDS);
    let mut total = world::Totals::default();
    for seed in 0..seeds {
        total.add(&world::run(seed, false));
    }
    println!("{seeds} seeds: {total:?}");
    total.check();
}

/// Seeds that found something.
#[test]
fn what_was_found_before_stays_mended() {
    for seed in FOUND {
        world::run(*seed, false);
    }
}

const FOUND: &[u64] = &[152, 244, 284, 376, 2359];
