//! What can be wrong with an inode.

use std::fmt;

use crate::fsck::finding::{At, HEAD};
use crate::rows::Key;

/// What is wrong with an inode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fsck) enum InodeFault {
    /// Rows belong to it that can be seen in this layer, in which there is no such inode.
    Missing {
        key: i64,
        view: i64,
        table: &'static str,
    },
    /// Rows that belong to it begin or end in the middle of a version, which should have ended there too.
    Torn {
        key: i64,
        died: i64,
        layer: i64,
        table: &'static str,
    },
    /// A column holds what it cannot.
    Field {
        key: i64,
        died: i64,
        field: &'static str,
        found: i64,
    },
    /// Its data does not match the checksum.
    Sum { key: i64, died: i64 },
    /// Its content is not where content of its kind is.
    Content { key: i64, died: i64 },
    /// A number that follows from other rows.
    Number {
        key: i64,
        died: i64,
        number: Number,
        found: i64,
        expected: i64,
    },
}

/// The numbers of an inode that follow from other rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::fsck) enum Number {
    Size,
    Stored,
    Xattrs,
    Links,
}

impl Number {
    /// The column it is in.
    pub(in crate::fsck) fn column(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Stored => "stored",
            Self::Xattrs => "xattrs",
            Self::Links => "nlink",
        }
    }
}

impl InodeFault {
    pub(in crate::fsck) fn invariant(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "reference",
            Self::Torn { .. } => "interval",
            Self::Field { .. } | Self::Content { .. } => "inode",
            Self::Sum { .. } => "checksum",
            Self::Number { number, .. } => match number {
                Number::Size => "size",
                Number::Stored => "stored",
                Number::Xattrs => "xattr-count",
                Number::Links => "link-count",
            },
        }
    }
}

impl fmt::Display for InodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { key, view, table } => {
                write!(
                    f,
                    "rows of table {table} belong to inode {}, which is missing",
                    Key(*key as u64).ino()
                )?;
                match *view {
                    HEAD => Ok(()),
                    layer => write!(f, " in layer {layer}"),
                }
            }
            Self::Torn {
                key,
                died,
                layer,
                table,
            } => write!(
                f,
                "{}: rows of table {table} changed in layer {layer}, expected it to have changed with them",
                At(*key, *died)
            ),
            Self::Field {
                key,
                died,
                field,
                found,
            } => write!(f, "{}: {field} has the invalid value {found}", At(*key, *died)),
            Self::Sum { key, died } => {
                write!(f, "{}: its data does not match its checksum", At(*key, *died))
            }
            Self::Content { key, died } => {
                write!(
                    f,
                    "{}: its content is not where content of its kind is stored",
                    At(*key, *died)
                )
            }
            Self::Number {
                key,
                died,
                number,
                found,
                expected,
            } => {
                let column = number.column();
                write!(f, "{}: {column} is {found}, expected {expected}", At(*key, *died))
            }
        }
    }
}
