//! The bytes of a `Uint8Array`, lent for as long as no JavaScript runs.

#![allow(unsafe_code)] // the engine lends memory as raw pointers

use rquickjs::{Ctx, Exception, FromJs, Result, TypedArray, Value};

/// A `Uint8Array` that was passed to a native function.
///
/// JavaScript can write to, detach or resize what is behind it, so its bytes are only lent to closures that get no context with
/// which they could run any; they are found anew each time.
pub(crate) struct Bytes<'js>(TypedArray<'js, u8>);

impl<'js> FromJs<'js> for Bytes<'js> {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        match TypedArray::from_value(value) {
            Ok(array) => Ok(Self(array)),
            Err(_) => Err(Exception::throw_type(ctx, "a Uint8Array is needed")),
        }
    }
}

impl Bytes<'_> {
    /// Lends the bytes; none if the array was detached.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        match self.0.as_raw() {
            // SAFETY: the engine has just said that these bytes are the array's, and nothing runs JavaScript or frees the array,
            // which `self` holds, before `f` returns. No other slice of them exists: `Bytes` lends only inside such calls, and
            // closures do not nest them on one array.
            Some(raw) => f(unsafe { raw.as_ref() }),
            None => f(&[]),
        }
    }

    /// Lends the bytes to be written; none if the array was detached.
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> R {
        match self.0.as_raw() {
            // SAFETY: as in `with`; JavaScript's own references to these bytes are not Rust references.
            Some(mut raw) => f(unsafe { raw.as_mut() }),
            None => f(&mut []),
        }
    }

    /// Lends `length` bytes from `offset`, as far as they are there.
    pub(crate) fn part<R>(&self, offset: f64, length: f64, f: impl FnOnce(&[u8]) -> R) -> R {
        self.with(|bytes| {
            let (from, to) = range(bytes.len(), offset, length);
            f(&bytes[from..to])
        })
    }

    /// The same, to be written.
    pub(crate) fn part_mut<R>(&self, offset: f64, length: f64, f: impl FnOnce(&mut [u8]) -> R) -> R {
        self.with_mut(|bytes| {
            let (from, to) = range(bytes.len(), offset, length);
            f(&mut bytes[from..to])
        })
    }
}

/// Numbers of JavaScript as a range that is within `len`.
fn range(len: usize, offset: f64, length: f64) -> (usize, usize) {
    let from = (offset as usize).min(len);
    let to = from.saturating_add(length as usize).min(len);
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_inside() {
        assert_eq!(range(10, 2.0, 3.0), (2, 5));
        assert_eq!(range(10, -1.0, f64::INFINITY), (0, 10));
        assert_eq!(range(10, 1e300, f64::NAN), (10, 10));
    }
}
