//! Sorts facts by their words.

use std::cmp::Ordering;

use crate::record::{Fact, Record};

/// Below this, comparing is quicker than counting.
const RADIX_MIN: usize = 48;

/// Sorts by key and keeps the last of each. `spare` is room to work in.
pub(crate) fn sort_newest(facts: &mut Vec<Fact>, spare: &mut Vec<Fact>) {
    if !facts.is_sorted_by(|a, b| a.order(b) == Ordering::Less) {
        match facts.len() < RADIX_MIN {
            true => insertion_sort(facts),
            false => radix_sort(facts, spare, &[2, 1, 0]),
        }
        keep_last(facts);
    }
}

/// Moves the last word of each of some sorted facts to the front, and sorts again: by that word alone, since
/// the others are in order.
pub(crate) fn rotate_and_sort(facts: &mut Vec<Fact>, spare: &mut Vec<Fact>) {
    rotate(facts);
    match facts.len() < RADIX_MIN {
        true => insertion_sort(facts),
        false => radix_sort(facts, spare, &[0]),
    }
}

/// Moves the last word of each fact to the front.
pub(crate) fn rotate(facts: &mut [Fact]) {
    facts.iter_mut().for_each(|fact| *fact = fact.permuted([2, 0, 1]));
}

/// A stable sort of a few.
fn insertion_sort(facts: &mut [Fact]) {
    for end in 1..facts.len() {
        let place = facts[..end].partition_point(|fact| fact.order(&facts[end]) != Ordering::Greater);
        facts[place..=end].rotate_right(1);
    }
}

/// Of neighbours with one key, the last.
fn keep_last(facts: &mut Vec<Fact>) {
    let mut kept = 0;
    for at in 0..facts.len() {
        if kept > 0 && facts[kept - 1].order(&facts[at]) == Ordering::Equal {
            kept -= 1;
        }
        facts[kept] = facts[at];
        kept += 1;
    }
    facts.truncate(kept);
}

/// A stable sort by some words, the least significant first, byte by byte where bytes differ anywhere. The
/// tombstone's bit does not count.
fn radix_sort(facts: &mut Vec<Fact>, spare: &mut Vec<Fact>, by: &[usize]) {
    let mut differing = [0_u32; 3];
    let first = facts[0].words();
    for fact in facts.iter() {
        let words = fact.words();
        for (bits, (word, first)) in differing.iter_mut().zip(words.iter().zip(first)) {
            *bits |= word ^ first;
        }
    }
    spare.resize(facts.len(), Fact::default());
    for &word in by {
        let ignored = u32::from(word == 2);
        for shift in [0, 8, 16, 24] {
            if (differing[word] & !ignored) >> shift & 0xFF != 0 {
                let mask = if shift == 0 { 0xFF & !ignored } else { 0xFF };
                pass(facts, spare, |fact| {
                    (fact.words()[word] >> shift & mask) as usize & 0xFF
                });
                std::mem::swap(facts, spare);
            }
        }
    }
}

#[inline]
fn pass(from: &[Fact], to: &mut [Fact], digit: impl Fn(&Fact) -> usize) {
    let mut places = [0_usize; 256];
    from.iter().for_each(|fact| places[digit(fact)] += 1);
    let mut next = 0;
    for place in &mut places {
        next += std::mem::replace(place, next);
    }
    for fact in from {
        let place = &mut places[digit(fact)];
        to[*place] = *fact;
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree_and_the_last_of_a_key_stays() {
        for (count, spread) in [(40, 3), (5_000, 9), (5_000, 70_000)] {
            let mut random = fastrand::Rng::with_seed(1);
            let mut next = || random.u32(..spread);
            let facts: Vec<Fact> = (0..count)
                .map(|n| Fact::new([next(), next(), next()], n % 3 == 0))
                .collect();
            let mut expected = std::collections::BTreeMap::new();
            expected.extend(facts.iter().map(|fact| (fact.key(), *fact)));
            let (mut sorted, mut spare) = (facts.clone(), Vec::new());
            sort_newest(&mut sorted, &mut spare);
            assert!(sorted.iter().eq(expected.values()));

            let mut expected: Vec<Fact> = expected.into_values().collect();
            for _ in 0..3 {
                rotate_and_sort(&mut sorted, &mut spare);
                rotate(&mut expected);
                expected.sort_by(|a, b| a.order(b));
                assert_eq!(sorted, expected);
            }
        }
    }
}
