//! Where there is one thread, things are done one after the other.

use tarbox_store::Result;

/// Does the same with every item.
///
/// # Errors
/// The first.
pub fn in_parallel<T>(items: &mut [T], each: &impl Fn(&mut T) -> Result<()>) -> Result<()> {
    items.iter_mut().try_for_each(each)
}
