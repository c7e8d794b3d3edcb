//! How bytes go in and out: one buffer for each direction, whose place the JavaScript side asks for.
//!
//! A call of an export that takes bytes is made after `input(len)` has given the place to put them; one that gives
//! bytes leaves them at `output_ptr()`, until the next call.

use std::cell::RefCell;

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A buffer that grew beyond this is given back once it has been used.
const KEPT: usize = 2 << 20;

/// Makes room for `len` bytes of input, and says where.
#[unsafe(no_mangle)]
extern "C" fn input(len: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        if len <= input.len() {
            input.truncate(len);
        } else {
            // At once: to resize a vector costs a step for each byte where code is made for size.
            *input = vec![0; len];
        }
        input.as_mut_ptr()
    })
}

#[unsafe(no_mangle)]
extern "C" fn output_ptr() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn output_len() -> usize {
    OUTPUT.with_borrow(Vec::len)
}

/// Gives back the memory of a large output that has been read.
#[unsafe(no_mangle)]
extern "C" fn output_done() {
    OUTPUT.with_borrow_mut(|output| {
        output.clear();
        output.shrink_to(KEPT);
    });
}

/// Takes what the JavaScript side has put in.
pub fn take_input() -> Vec<u8> {
    INPUT.with_borrow_mut(std::mem::take)
}

/// Gives the buffer back, so that the next input need not be allocated.
pub fn return_input(buffer: Vec<u8>) {
    if buffer.capacity() <= KEPT {
        INPUT.with_borrow_mut(|input| *input = buffer);
    }
}

/// Fills the output with what `fill` writes.
pub fn give_output<T>(fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    OUTPUT.with_borrow_mut(|output| {
        output.clear();
        fill(output)
    })
}
