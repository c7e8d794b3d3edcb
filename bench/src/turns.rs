//! Two ways to do the same, in turns.

use std::time::Instant;

use tarbox_bench_work::Result;

use crate::race::median;

/// Median costs of both sides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) ours: f64,
    pub(crate) peer: f64,
}

/// Has both sides do the work of each round, the one that begins changing with the round; each answers its own cost.
///
/// # Errors
/// Those of either side.
pub(crate) fn turns(
    rounds: u64,
    mut ours: impl FnMut(u64) -> Result<f64>,
    mut peer: impl FnMut(u64) -> Result<f64>,
) -> Result<Pair> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        if round % 2 == 0 {
            a.push(ours(round)?);
            b.push(peer(round)?);
        } else {
            b.push(peer(round)?);
            a.push(ours(round)?);
        }
    }
    Ok(Pair {
        ours: median(&a),
        peer: median(&b),
    })
}

/// Microseconds that something took, for each of its operations.
pub(crate) fn micros_each(operations: usize, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / operations.max(1) as f64)
}
