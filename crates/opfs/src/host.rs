//! Clock and last words.

use crate::imports;

/// Milliseconds since 1970, with as many digits after the point as the browser gives.
pub fn now_ms() -> f64 {
    // SAFETY: takes nothing.
    unsafe { imports::now() }
}

/// Writes a line to the browser's console.
pub fn log(line: &str) {
    // SAFETY: the text is that long, and only read.
    unsafe { imports::console(line.as_ptr(), line.len()) }
}

/// Lets a panic say why before the module stops.
pub(crate) fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| log(&panic.to_string())));
}
