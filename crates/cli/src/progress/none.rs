//! No bar: inside WebAssembly nobody looks at a terminal.

/// Draws nothing.
pub(super) struct Bar;

impl Bar {
    pub(super) fn new(_verb: &'static str) -> Self {
        Self
    }

    pub(super) fn draw(&self, _done: u64, _total: Option<u64>, _rates: &str) {}

    pub(super) fn clear(self) {}
}
