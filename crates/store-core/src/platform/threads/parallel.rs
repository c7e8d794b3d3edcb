//! Work on several things at once.

use std::sync::{Mutex, PoisonError};

use tarbox_store::Result;

/// Does the same with every item, on this thread and on idle ones. Each takes the next item when it is done with one, so
/// that a thread that comes late holds nobody up. Rayon's own iterators let this thread wait for the others instead:
/// for 4 to 32 blocks that takes 1.2 to 2.3 times as long.
///
/// # Errors
/// One of those that happened; the other items are done or not.
pub fn in_parallel<T: Send>(items: &mut [T], each: &(impl Fn(&mut T) -> Result<()> + Sync)) -> Result<()> {
    let helpers = rayon::current_num_threads().min(items.len()).saturating_sub(1);
    let queue = Mutex::new((items.iter_mut(), Ok(())));
    let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        loop {
            let next = lock().0.next();
            let Some(item) = next else { break };
            if let Err(error) = each(item) {
                *lock() = ([].iter_mut(), Err(error));
            }
        }
    };
    rayon::in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| work());
        }
        work();
    });
    queue.into_inner().unwrap_or_else(PoisonError::into_inner).1
}

#[cfg(test)]
mod tests {
    use tarbox_store::ErrorKind;

    use super::*;

    #[test]
    fn every_item_is_done_once() {
        for len in [0, 1, 2, 7, 1000] {
            let mut items: Vec<usize> = vec![0; len];
            in_parallel(&mut items, &|item| {
                *item += 1;
                Ok(())
            })
            .unwrap();
            assert!(items.iter().all(|item| *item == 1));
        }
    }

    #[test]
    fn an_error_ends_it() {
        let mut items: Vec<usize> = (0..1000).collect();
        let result = in_parallel(&mut items, &|item| match *item {
            500 => Err(ErrorKind::Io.into()),
            _ => Ok(()),
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Io);
    }
}
