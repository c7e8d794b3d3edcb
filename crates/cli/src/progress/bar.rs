//! The bar where there are terminals.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(verb: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_prefix(verb);
        bar.set_style(style("{prefix:.bold} {spinner} {human_pos}  {msg}"));
        Self(bar)
    }

    pub(super) fn draw(&self, done: u64, total: Option<u64>, rates: &str) {
        if let Some(total) = total
            && self.0.length().is_none()
        {
            self.0.set_style(style(
                "{prefix:.bold} {bar:28} {percent:>3}%  {human_pos}/{human_len}  {msg}  {eta} left",
            ));
            self.0.set_length(total);
        }
        self.0.set_message(rates.to_owned());
        self.0.set_position(done);
    }

    pub(super) fn clear(self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; should one be wrong, a plain bar is no harm.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
