//! Several subjects at the same work, in turns.

use std::collections::HashMap;

use tarbox_bench_work::{Result, Shape, Work};

use crate::subjects::Subject;

/// Rounds that slow runners take part in.
const SLOW_ROUNDS: u64 = 3;

/// The costs that were measured: one figure for each round.
#[derive(Debug, Default)]
pub(crate) struct Times {
    micros: HashMap<(&'static str, Work), Vec<f64>>,
    settled: HashMap<(&'static str, Work), Vec<f64>>,
}

impl Times {
    /// Median microseconds an operation took.
    pub(crate) fn micros(&self, subject: &'static str, work: Work) -> Option<f64> {
        self.micros.get(&(subject, work)).map(|all| median(all))
    }

    /// The same with its share of what went on in the background afterwards.
    pub(crate) fn settled_micros(&self, subject: &'static str, work: Work) -> Option<f64> {
        self.settled.get(&(subject, work)).map(|all| median(all))
    }
}

/// Someone in a race.
pub(crate) struct Runner {
    name: &'static str,
    subject: Box<dyn Subject>,
    slow: bool,
}

impl Runner {
    /// Takes part in every round.
    pub(crate) fn new(name: &'static str, subject: impl Subject + 'static) -> Self {
        Self {
            name,
            subject: Box::new(subject),
            slow: false,
        }
    }

    /// Does a tenth of the operations in the first rounds only: who is a hundred times slower would hold up everyone.
    pub(crate) fn slow(self) -> Self {
        Self { slow: true, ..self }
    }
}

/// Runs each work with every subject before the next, in an order that changes with the round, so that whatever else
/// the machine does meanwhile meets all of them. A subject's background work ends before another has its turn.
///
/// # Errors
/// Those of any subject.
pub(crate) fn race(runners: &mut [Runner], works: &[Work], shape: &Shape, rounds: u64) -> Result<Times> {
    let tenth = shape.tenth();
    let mut times = Times::default();
    for round in 1..=rounds {
        for &work in works {
            for turn in 0..runners.len() {
                let index = (turn + round as usize) % runners.len();
                let Runner { name, subject, slow } = &mut runners[index];
                if *slow && round > SLOW_ROUNDS {
                    continue;
                }
                let (name, shape) = (*name, if *slow { &tenth } else { shape });
                let sample = subject.work(work, shape, round)?;
                let settle = subject.work(Work::Settle, shape, round)?;
                let all = sample.elapsed + settle.elapsed;
                let settled = all.as_secs_f64() * 1e6 / sample.operations.max(1) as f64;
                times
                    .micros
                    .entry((name, work))
                    .or_default()
                    .push(sample.micros());
                times.settled.entry((name, work)).or_default().push(settled);
            }
        }
    }
    Ok(times)
}

/// The middle value; of an even number, the mean of the two in the middle. 0 without values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_middle_is_not_moved_by_outliers() {
        assert_eq!(median(&[3.0, 900.0, 1.0]), 3.0);
        assert_eq!(median(&[4.0, 2.0]), 3.0);
        assert_eq!(median(&[]), 0.0);
    }
}
