//! Handles: numbers for what JavaScript holds.

/// Values by number; the numbers begin at 1 and are given again.
pub(crate) struct Slab<T> {
    places: Vec<Option<T>>,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new() }
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        let free = self.places.iter().position(Option::is_none);
        let place = free.unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(value);
        place as u32 + 1
    }

    pub(crate) fn get(&self, handle: u32) -> Option<&T> {
        self.places.get(handle.wrapping_sub(1) as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        self.places.get_mut(handle.wrapping_sub(1) as usize)?.as_mut()
    }

    pub(crate) fn remove(&mut self, handle: u32) -> Option<T> {
        self.places.get_mut(handle.wrapping_sub(1) as usize)?.take()
    }
}
