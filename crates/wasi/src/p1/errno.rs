//! The error numbers of preview 1.

use tarbox_store::ErrorKind;

macro_rules! errnos {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// Why a call failed: the numbers of preview 1, which are not those of any operating system.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = concat!("`E", $text, "`")] $name = $number,)*
        }

        impl Errno {
            /// Every number this crate answers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The symbolic name, such as `ENOENT`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => concat!("E", $text),)* }
            }
        }
    };
}

errnos! {
    TooBig = 1, "2BIG";
    Acces = 2, "ACCES";
    Again = 6, "AGAIN";
    Badf = 8, "BADF";
    Busy = 10, "BUSY";
    Deadlk = 16, "DEADLK";
    Dquot = 19, "DQUOT";
    Exist = 20, "EXIST";
    Fbig = 22, "FBIG";
    Ilseq = 25, "ILSEQ";
    Inval = 28, "INVAL";
    Io = 29, "IO";
    Isdir = 31, "ISDIR";
    Loop = 32, "LOOP";
    Mfile = 33, "MFILE";
    Mlink = 34, "MLINK";
    Nametoolong = 37, "NAMETOOLONG";
    Nfile = 41, "NFILE";
    Noent = 44, "NOENT";
    Nospc = 51, "NOSPC";
    Notdir = 54, "NOTDIR";
    Notempty = 55, "NOTEMPTY";
    Notsock = 57, "NOTSOCK";
    Notsup = 58, "NOTSUP";
    Nxio = 60, "NXIO";
    Overflow = 61, "OVERFLOW";
    Perm = 63, "PERM";
    Pipe = 64, "PIPE";
    Range = 68, "RANGE";
    Rofs = 69, "ROFS";
    Spipe = 70, "SPIPE";
    Stale = 72, "STALE";
    Xdev = 75, "XDEV";
    Notcapable = 76, "NOTCAPABLE";
}

impl From<ErrorKind> for Errno {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NotFound | ErrorKind::NoData => Self::Noent,
            ErrorKind::Exists => Self::Exist,
            ErrorKind::NotDirectory => Self::Notdir,
            ErrorKind::IsDirectory => Self::Isdir,
            ErrorKind::NotEmpty => Self::Notempty,
            ErrorKind::Invalid => Self::Inval,
            ErrorKind::NameTooLong => Self::Nametoolong,
            ErrorKind::Loop => Self::Loop,
            ErrorKind::NoSpace => Self::Nospc,
            ErrorKind::QuotaExceeded => Self::Dquot,
            ErrorKind::ReadOnly => Self::Rofs,
            ErrorKind::Access | ErrorKind::Suspended => Self::Acces,
            ErrorKind::NotPermitted => Self::Perm,
            ErrorKind::BadHandle => Self::Badf,
            ErrorKind::TooManyLinks => Self::Mlink,
            ErrorKind::FileTooLarge => Self::Fbig,
            ErrorKind::CrossDevice => Self::Xdev,
            ErrorKind::Range => Self::Range,
            ErrorKind::Unsupported => Self::Notsup,
            ErrorKind::Busy => Self::Busy,
            ErrorKind::WouldBlock => Self::Again,
            ErrorKind::Deadlock => Self::Deadlk,
            ErrorKind::NoSuchAddress => Self::Nxio,
            ErrorKind::Overflow => Self::Overflow,
            ErrorKind::TooManyOpen => Self::Nfile,
            ErrorKind::TooBig => Self::TooBig,
            ErrorKind::Stale => Self::Stale,
            // Corruption and failures of the device, and kinds that a later store may add.
            _ => Self::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_interface() {
        for (errno, number, name) in [
            (Errno::Badf, 8, "EBADF"),
            (Errno::Noent, 44, "ENOENT"),
            (Errno::Notcapable, 76, "ENOTCAPABLE"),
        ] {
            assert_eq!((errno as u16, errno.name()), (number, name));
        }
        let mut numbers: Vec<_> = Errno::ALL.iter().map(|e| *e as u16).collect();
        numbers.dedup();
        assert_eq!(numbers.len(), Errno::ALL.len());
    }
}
