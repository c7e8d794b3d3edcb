//! Shell patterns over the bytes of one name: `*`, `?`, `[a-z]`, `[!a]`, and `\` before a literal.

/// A pattern that was checked.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    /// Exactly this byte.
    Byte(u8),
    /// Any one character; of what is not UTF-8, any one byte.
    Any,
    /// One byte in (or, negated, not in) these ranges.
    Class { ranges: Vec<(u8, u8)>, negated: bool },
    /// Anything, also nothing.
    Star,
}

/// Whether capital letters matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Exact,
    Ignored,
}

impl Glob {
    /// Parses a pattern.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn parse(pattern: &[u8], case: Case) -> Result<Self, String> {
        let fold = |b: u8| match case {
            Case::Exact => b,
            Case::Ignored => b.to_ascii_lowercase(),
        };
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            match byte {
                b'*' if matches!(parts.last(), Some(Part::Star)) => {}
                b'*' => parts.push(Part::Star),
                b'?' => parts.push(Part::Any),
                b'[' => {
                    let (part, tail) = class(rest, fold).ok_or("the pattern has a '[' without a ']'")?;
                    parts.push(part);
                    rest = tail;
                }
                b'\\' => {
                    let (&byte, tail) = rest.split_first().ok_or("the pattern ends with a lone '\\'")?;
                    parts.push(Part::Byte(fold(byte)));
                    rest = tail;
                }
                byte => parts.push(Part::Byte(fold(byte))),
            }
        }
        Ok(Self { parts })
    }

    /// Whether the whole name matches; takes time proportional to name × pattern at worst.
    pub(crate) fn matches(&self, name: &[u8], case: Case) -> bool {
        match case {
            Case::Exact => self.matches_bytes(name),
            Case::Ignored => self.matches_bytes(&name.to_ascii_lowercase()),
        }
    }

    fn matches_bytes(&self, name: &[u8]) -> bool {
        let (mut part, mut at) = (0, 0);
        // Where to go on when a later part fails: behind the last star, one byte further in the name.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match self.parts.get(part) {
                Some(Part::Star) => {
                    retry = Some((part + 1, at));
                    part += 1;
                    continue;
                }
                Some(other) => {
                    if let Some(taken) = other.takes(&name[at..]) {
                        at += taken;
                        part += 1;
                        continue;
                    }
                }
                None if at == name.len() => return true,
                None => {}
            }
            match retry {
                Some((behind_star, from)) if from < name.len() => {
                    retry = Some((behind_star, from + 1));
                    (part, at) = (behind_star, from + 1);
                }
                _ => return false,
            }
        }
    }
}

impl Part {
    /// How many bytes this part takes from the front, if it matches.
    fn takes(&self, name: &[u8]) -> Option<usize> {
        let &first = name.first()?;
        match self {
            Self::Byte(byte) => (*byte == first).then_some(1),
            Self::Any => Some(character_len(name)),
            Self::Class { ranges, negated } => {
                let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&first));
                match (inside, negated) {
                    (true, false) => Some(1),
                    (false, true) => Some(character_len(name)),
                    _ => None,
                }
            }
            Self::Star => None,
        }
    }
}

fn character_len(name: &[u8]) -> usize {
    let len = match name.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    match name.get(..len) {
        Some(bytes) if std::str::from_utf8(bytes).is_ok() => len,
        _ => 1,
    }
}

fn class(pattern: &[u8], fold: impl Fn(u8) -> u8) -> Option<(Part, &[u8])> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let body = &pattern[usize::from(negated)..];
    // A ']' that comes first is one of the bytes.
    let end = 1 + body.get(1..)?.iter().position(|b| *b == b']')?;
    let mut ranges = Vec::new();
    let mut i = 0;
    while i < end {
        let low = body[i];
        if i + 2 < end && body[i + 1] == b'-' {
            ranges.push((fold(low), fold(body[i + 2])));
            i += 3;
        } else {
            ranges.push((fold(low), fold(low)));
            i += 1;
        }
    }
    Some((Part::Class { ranges, negated }, &body[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(pattern: &str, name: &str) -> bool {
        Glob::parse(pattern.as_bytes(), Case::Exact)
            .unwrap()
            .matches(name.as_bytes(), Case::Exact)
    }

    #[test]
    fn patterns() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "anything"),
            ("*.rs", "main.rs"),
            ("a*b*c", "axxbyybc"),
            ("?", "ü"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "zx"),
            ("[]]", "]"),
            (r"\*", "*"),
            ("[a-]", "-"),
        ] {
            assert!(is(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "a"),
            ("*.rs", "main.rsx"),
            ("?", ""),
            ("?", "ab"),
            ("[a-c]", "d"),
            ("[!a]", "a"),
            (r"\*", "a"),
        ] {
            assert!(!is(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn case_can_be_ignored() {
        let glob = Glob::parse(b"READ*.[M]d", Case::Ignored).unwrap();
        assert!(glob.matches(b"readme.MD", Case::Ignored));
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        assert!(!is(&"*a".repeat(40), &"a".repeat(39)));
        assert!(!is(&format!("{}b", "*a".repeat(60)), &"a".repeat(255)));
    }

    #[test]
    fn broken_patterns_are_refused() {
        for pattern in ["[", "[a", "a\\", "[]", "[!"] {
            assert!(Glob::parse(pattern.as_bytes(), Case::Exact).is_err(), "{pattern}");
        }
    }
}
