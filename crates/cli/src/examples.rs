//! Examples behind the help of every command.

/// Lines of examples under a heading. The codes go where colours are off.
macro_rules! examples {
    ($($line:literal),+ $(,)?) => {
        concat!("\x1b[1m\x1b[33mExamples:\x1b[0m", $("\n  ", $line),+)
    };
}
pub(crate) use examples;
