//! The few colours there are, by what they mean.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};
use tarbox_store::{Attr, ChangeKind, FileKind};

/// A directory.
pub(crate) const DIRECTORY: Style = AnsiColor::Blue.on_default().bold();
/// A symbolic link.
pub(crate) const LINK: Style = AnsiColor::Cyan.on_default();
/// An executable file; something added.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// A pipe, socket or device; something modified.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Something deleted, refused or broken.
pub(crate) const RED: Style = AnsiColor::Red.on_default();
/// Something renamed.
pub(crate) const MAGENTA: Style = AnsiColor::Magenta.on_default();
/// Less important.
pub(crate) const DIM: Style = Style::new().dimmed();
/// More important.
pub(crate) const BOLD: Style = Style::new().bold();
/// As it is.
pub(crate) const PLAIN: Style = Style::new();

/// How the name of a file with these attributes is shown.
pub(crate) fn of_file(attr: &Attr) -> Style {
    match attr.kind {
        FileKind::File if attr.mode & 0o111 != 0 => GREEN,
        kind => of_kind(kind),
    }
}

/// How the name of this kind of file is shown.
pub(crate) fn of_kind(kind: FileKind) -> Style {
    match kind {
        FileKind::File => PLAIN,
        FileKind::Directory => DIRECTORY,
        FileKind::Symlink => LINK,
        _ => YELLOW,
    }
}

/// How a change of this kind is shown.
pub(crate) fn of_change(kind: ChangeKind) -> Style {
    match kind {
        ChangeKind::Added => GREEN,
        ChangeKind::Modified => YELLOW,
        ChangeKind::Deleted => RED,
        ChangeKind::Renamed => MAGENTA,
    }
}

/// The text in this style, or as it is where colours are off.
pub(crate) fn paint(on: bool, style: Style, text: impl Display) -> String {
    if on && style != PLAIN {
        format!("{style}{text}{style:#}")
    } else {
        text.to_string()
    }
}
