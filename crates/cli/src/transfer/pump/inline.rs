//! Without threads: each item is consumed as soon as it is produced.

use crate::failure::Result;
use crate::transfer::pump::Weigh;

/// Runs `produce` and hands each item to `consume`, until the producer ends or the consumer fails.
///
/// # Errors
/// What the consumer failed with.
pub(crate) fn pump<T, P>(produce: P, mut consume: impl FnMut(T) -> Result<()>) -> Result<()>
where
    T: Weigh,
    P: FnOnce(&mut dyn FnMut(T) -> bool),
{
    let mut result = Ok(());
    produce(&mut |item| {
        if result.is_ok() {
            result = consume(item);
        }
        result.is_ok()
    });
    result
}
