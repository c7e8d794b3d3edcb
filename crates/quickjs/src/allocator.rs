//! Memory of one engine: counted, bounded, and the end of the engine where the bound is hit.
//!
//! QuickJS itself throws an exception that scripts can catch when memory runs out. Here the first refusal is the end: no function can be
//! called any more, nothing more is given out, and the interrupt handler ends what runs (`death`).

#![allow(unsafe_code)] // the trait is unsafe to implement; everything is passed on to the engine's own Rust allocator

use std::rc::Rc;

use rquickjs::allocator::{Allocator, RustAllocator};

use crate::limits::{Death, Watch};

/// Counts what the allocator below it gives out.
pub(crate) struct Bounded {
    below: RustAllocator,
    limit: usize,
    watch: Rc<Watch>,
}

impl Bounded {
    /// At most `limit` bytes.
    pub(crate) fn new(limit: usize, watch: Rc<Watch>) -> Self {
        Self {
            below: RustAllocator,
            limit,
            watch,
        }
    }

    /// Once the bound was hit nothing more is given out, also of what is free again; but for the error that ends the script, without
    /// which the engine could not end it.
    fn fits(&mut self, more: usize) -> bool {
        if self.watch.death() == Some(Death::Memory) {
            return self.watch.spend_on_last_words(more);
        }
        let sum = self.watch.used.get().checked_add(more);
        let fits = sum.is_some_and(|sum| sum <= self.limit);
        if !fits {
            self.watch.die(Death::Memory);
        }
        fits
    }

    fn took_back(&self, size: usize) {
        self.watch.used.set(self.watch.used.get().saturating_sub(size));
    }

    /// Counts what was given out.
    fn gave(&mut self, pointer: *mut u8) -> *mut u8 {
        if !pointer.is_null() {
            // SAFETY: `pointer` came from `below` a moment ago and has not been freed.
            let size = unsafe { RustAllocator::usable_size(pointer) };
            self.watch.used.set(self.watch.used.get() + size);
        }
        pointer
    }
}

// SAFETY: each method passes its arguments to `RustAllocator`, which implements the trait correctly, and answers what that answers or
// a null pointer, which the trait allows.
unsafe impl Allocator for Bounded {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        if !self.fits(size) {
            return std::ptr::null_mut();
        }
        let pointer = self.below.alloc(size);
        self.gave(pointer)
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let Some(total) = count.checked_mul(size) else {
            return std::ptr::null_mut();
        };
        if !self.fits(total) {
            return std::ptr::null_mut();
        }
        let pointer = self.below.calloc(count, size);
        self.gave(pointer)
    }

    unsafe fn dealloc(&mut self, pointer: *mut u8) {
        // SAFETY: the caller promises that `pointer` came from this allocator, that is, from `below`.
        unsafe {
            if !pointer.is_null() {
                self.took_back(RustAllocator::usable_size(pointer));
            }
            self.below.dealloc(pointer);
        }
    }

    unsafe fn realloc(&mut self, pointer: *mut u8, size: usize) -> *mut u8 {
        let before = match pointer.is_null() {
            true => 0,
            // SAFETY: the caller promises that `pointer` came from this allocator, that is, from `below`.
            false => unsafe { RustAllocator::usable_size(pointer) },
        };
        if size > before && !self.fits(size - before) {
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        let moved = unsafe { self.below.realloc(pointer, size) };
        if !moved.is_null() || size == 0 {
            self.took_back(before);
        }
        self.gave(moved)
    }

    unsafe fn usable_size(pointer: *mut u8) -> usize {
        // SAFETY: the caller promises that `pointer` came from this allocator, that is, from `below`.
        unsafe { RustAllocator::usable_size(pointer) }
    }
}
