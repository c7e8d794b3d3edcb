//! Permission bits as `chmod` takes them: octal, or clauses such as `u+x,go-w,a=rX`.

/// A change of permission bits, to be applied to what a file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModeChange {
    /// These bits. A directory keeps setuid and setgid unless all of the bits are meant.
    Set { bits: u32, all: bool },
    /// One clause after the other.
    Clauses(Vec<Clause>),
}

/// One `who op what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    /// All bits of the users meant; with nobody named, the umask is spared.
    who: u32,
    named: Named,
    op: Op,
    what: What,
}

/// Whether a clause names users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Some,
    Nobody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Remove,
    Assign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// These bits for everyone; `conditional_execute` is `X`.
    Bits { bits: u32, conditional_execute: bool },
    /// What the owner (6), the group (3) or others (0) have; the number is their shift.
    CopyOf(u32),
}

impl ModeChange {
    /// Parses octal digits or symbolic clauses.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let complaint = || {
            format!("'{text}' is not a mode; use octal digits such as 644 or clauses such as u+x,go-w,a=rX")
        };
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return match u32::from_str_radix(text, 8) {
                // As everywhere, 00755 says what 755 leaves open.
                Ok(bits) if bits <= 0o7777 => Ok(Self::Set {
                    bits,
                    all: text.len() > 4,
                }),
                _ => Err(complaint()),
            };
        }
        let mut clauses = Vec::new();
        for part in text.split(',') {
            parse_part(part, &mut clauses).ok_or_else(complaint)?;
        }
        Ok(Self::Clauses(clauses))
    }

    /// The bits a file with `mode` gets. Clauses that name nobody spare the bits of `umask`.
    pub(crate) fn apply(&self, mode: u32, is_dir: bool, umask: u32) -> u32 {
        match self {
            Self::Set { bits, all: false } if is_dir => bits | mode & 0o6000,
            Self::Set { bits, .. } => *bits,
            Self::Clauses(clauses) => clauses
                .iter()
                .fold(mode, |mode, clause| clause.apply(mode, is_dir, umask)),
        }
    }
}

impl Clause {
    fn apply(&self, mode: u32, is_dir: bool, umask: u32) -> u32 {
        let bits = match self.what {
            What::Bits {
                bits,
                conditional_execute,
            } => {
                let execute = conditional_execute && (is_dir || mode & 0o111 != 0);
                bits | if execute { 0o111 } else { 0 }
            }
            What::CopyOf(shift) => {
                let has = (mode >> shift) & 0o7;
                has << 6 | has << 3 | has
            }
        };
        let spared = match self.named {
            Named::Nobody => umask & 0o777,
            Named::Some => 0,
        };
        let bits = bits & self.who & !spared;
        match self.op {
            Op::Add => mode | bits,
            Op::Remove => mode & !bits,
            // Directories keep setuid and setgid unless they are named, as everywhere.
            Op::Assign => {
                let kept = if is_dir { 0o6000 } else { 0 };
                mode & !(self.who & !kept) | bits
            }
        }
    }
}

/// Parses `[ugoa]*([-+=][rwxXstugo]*)+`.
fn parse_part(part: &str, clauses: &mut Vec<Clause>) -> Option<()> {
    let start = part.find(['+', '-', '='])?;
    let (users, mut rest) = part.split_at(start);
    let (who, named) = parse_users(users)?;
    while !rest.is_empty() {
        let op = match rest.as_bytes()[0] {
            b'+' => Op::Add,
            b'-' => Op::Remove,
            _ => Op::Assign,
        };
        let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |i| i + 1);
        clauses.push(Clause {
            who,
            named,
            op,
            what: parse_what(&rest[1..end])?,
        });
        rest = &rest[end..];
    }
    Some(())
}

fn parse_users(users: &str) -> Option<(u32, Named)> {
    let who = users.chars().try_fold(0, |who, user| {
        Some(
            who | match user {
                'u' => 0o4700,
                'g' => 0o2070,
                'o' => 0o1007,
                'a' => 0o7777,
                _ => return None,
            },
        )
    })?;
    Some(if users.is_empty() {
        (0o7777, Named::Nobody)
    } else {
        (who, Named::Some)
    })
}

fn parse_what(what: &str) -> Option<What> {
    match what {
        "u" => return Some(What::CopyOf(6)),
        "g" => return Some(What::CopyOf(3)),
        "o" => return Some(What::CopyOf(0)),
        _ => {}
    }
    let mut bits = 0;
    let mut conditional_execute = false;
    for permission in what.chars() {
        bits |= match permission {
            'r' => 0o444,
            'w' => 0o222,
            'x' => 0o111,
            's' => 0o6000,
            't' => 0o1000,
            'X' => {
                conditional_execute = true;
                0
            }
            _ => return None,
        };
    }
    Some(What::Bits {
        bits,
        conditional_execute,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str, mode: u32) -> u32 {
        ModeChange::parse(text).unwrap().apply(mode, false, 0o022)
    }

    #[test]
    fn octal() {
        assert_eq!(file("644", 0o777), 0o644);
        assert_eq!(file("4755", 0), 0o4755);
        assert_eq!(file("0", 0o7777), 0);
    }

    #[test]
    fn clauses() {
        assert_eq!(file("u+x", 0o644), 0o744);
        assert_eq!(file("go-w", 0o666), 0o644);
        assert_eq!(file("a=r", 0o777), 0o444);
        assert_eq!(file("u=rw,go=", 0o777), 0o600);
        assert_eq!(file("u+s", 0o755), 0o4755);
        assert_eq!(file("g+s", 0o755), 0o2755);
        assert_eq!(file("+t", 0o755), 0o1755);
        assert_eq!(file("o=u", 0o750), 0o757);
        assert_eq!(file("u+x-w", 0o644), 0o544);
        assert_eq!(file("a+X", 0o644), 0o644);
        assert_eq!(file("a+X", 0o744), 0o755);
    }

    #[test]
    fn without_a_name_the_umask_is_spared() {
        assert_eq!(file("+w", 0o444), 0o644);
        assert_eq!(file("a+w", 0o444), 0o666);
    }

    #[test]
    fn directories_keep_setgid_on_assignment() {
        let change = ModeChange::parse("a=rx").unwrap();
        assert_eq!(change.apply(0o2777, true, 0), 0o2555);
        assert_eq!(change.apply(0o2777, false, 0), 0o555);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "8", "77777", "u", "u+q", "z+x", ",", "u+x,", "0x1", "64a"] {
            assert!(ModeChange::parse(text).is_err(), "{text}");
        }
    }
}
