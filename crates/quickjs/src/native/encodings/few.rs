//! UTF-8, UTF-16 and Latin-1 (which the web takes for windows-1252).

/// What windows-1252 has between 0x80 and 0x9f.
const WINDOWS: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d,
    0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a,
    0x153, 0x9d, 0x17e, 0x178,
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Utf8,
    Utf16 { big: bool },
    Windows,
}

fn kind(label: &str) -> Option<Kind> {
    Some(match label.trim_ascii().to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "unicode-1-1-utf-8" | "unicode11utf8" | "unicode20utf8" | "x-unicode20utf8" => {
            Kind::Utf8
        }
        "utf-16" | "utf-16le" | "ucs-2" | "unicode" | "unicodefeff" | "csunicode" | "iso-10646-ucs-2" => {
            Kind::Utf16 { big: false }
        }
        "utf-16be" | "unicodefffe" => Kind::Utf16 { big: true },
        "latin1" | "iso-8859-1" | "iso8859-1" | "iso88591" | "iso_8859-1" | "ascii" | "us-ascii"
        | "windows-1252" | "cp1252" | "x-cp1252" | "l1" | "cp819" | "ibm819" | "csisolatin1"
        | "iso-ir-100" | "ansi_x3.4-1968" => Kind::Windows,
        _ => return None,
    })
}

/// The name of an encoding by one of its labels.
pub(in crate::native) fn name(label: &str) -> Option<String> {
    let name = match kind(label)? {
        Kind::Utf8 => "utf-8",
        Kind::Utf16 { big: false } => "utf-16le",
        Kind::Utf16 { big: true } => "utf-16be",
        Kind::Windows => "windows-1252",
    };
    Some(name.to_owned())
}

/// Decodes a stream of bytes, piece by piece.
pub(in crate::native) struct Decoder {
    kind: Kind,
    /// Whether a byte order mark may still come, and is to be removed.
    mark: bool,
    /// Bytes of a character that is not complete yet.
    rest: Vec<u8>,
}

impl Decoder {
    /// Nothing if there is no such encoding.
    pub(in crate::native) fn new(label: &str, keep_mark: bool) -> Option<Self> {
        Some(Self {
            kind: kind(label)?,
            mark: !keep_mark,
            rest: Vec::new(),
        })
    }

    /// The text of the next piece. What is malformed becomes U+FFFD, or, where it is `fatal`, there is no text.
    pub(in crate::native) fn decode(&mut self, part: &[u8], last: bool, fatal: bool) -> Option<String> {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(part);
        let whole = if last { bytes.len() } else { self.whole(&bytes) };
        self.rest = bytes.split_off(whole);
        let text = match self.kind {
            Kind::Utf8 if fatal => String::from_utf8(bytes).ok()?,
            Kind::Utf8 => String::from_utf8_lossy(&bytes).into_owned(),
            Kind::Windows => bytes.iter().map(|byte| windows(*byte)).collect(),
            Kind::Utf16 { big } => {
                let pairs = bytes.chunks_exact(2);
                let odd = !pairs.remainder().is_empty();
                let units = pairs.map(|pair| match big {
                    true => u16::from_be_bytes([pair[0], pair[1]]),
                    false => u16::from_le_bytes([pair[0], pair[1]]),
                });
                let decoded = char::decode_utf16(units).map(|unit| unit.map_err(drop));
                let decoded = decoded.chain(odd.then_some(Err(())));
                match fatal {
                    true => decoded.collect::<Result<_, _>>().ok()?,
                    false => decoded
                        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                        .collect(),
                }
            }
        };
        if text.is_empty() {
            return Some(text);
        }
        let marked = std::mem::take(&mut self.mark) && self.kind != Kind::Windows;
        Some(match text.strip_prefix('\u{feff}') {
            Some(bare) if marked => bare.to_owned(),
            _ => text,
        })
    }

    /// How many of the bytes are whole characters, as far as one can know before the next ones come.
    fn whole(&self, bytes: &[u8]) -> usize {
        match self.kind {
            Kind::Windows => bytes.len(),
            Kind::Utf8 => match std::str::from_utf8(bytes) {
                // Malformed ones further ahead do not matter: only the end can still become something.
                Err(_) => {
                    let tail = bytes.len().saturating_sub(3);
                    let open = (tail..bytes.len()).find(|at| is_open(&bytes[*at..]));
                    open.unwrap_or(bytes.len())
                }
                Ok(_) => bytes.len(),
            },
            Kind::Utf16 { big } => {
                let even = bytes.len() & !1;
                let high = bytes[..even].chunks_exact(2).next_back().is_some_and(|pair| {
                    let byte = if big { pair[0] } else { pair[1] };
                    (0xd8..0xdc).contains(&byte)
                });
                if high { even - 2 } else { even }
            }
        }
    }
}

/// Whether these bytes are the beginning of a character, and no more.
fn is_open(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
}

fn windows(byte: u8) -> char {
    let unit = match byte {
        0x80..=0x9f => WINDOWS[usize::from(byte - 0x80)],
        _ => u16::from(byte),
    };
    char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)
}
