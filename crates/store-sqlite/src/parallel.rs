//! Work on several things at once.

use std::sync::{Mutex, PoisonError};

use tarbox_store::Result;

/// Does the same with every item, on this thread and on idle ones.
///
/// # Errors
/// One of those that happened; the other items are done or not.
pub(crate) fn in_parallel<T: Send>(
    items: &mut [T],
    each: &(impl Fn(&mut T) -> Result<()> + Sync),
) -> Result<()> {
    let share = items.len().div_ceil(rayon::current_num_threads().max(1));
    let Some((own, others)) = items.split_at_mut_checked(share) else {
        return Ok(());
    };
    let failed = Mutex::new(Ok(()));
    let all = |items: &mut [T]| {
        if let Err(error) = items.iter_mut().try_for_each(each) {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
        }
    };
    rayon::in_place_scope(|scope| {
        for part in others.chunks_mut(share.max(1)) {
            scope.spawn(|_| all(part));
        }
        all(own);
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}
