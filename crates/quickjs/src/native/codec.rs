//! Text and bytes: UTF-8, Latin-1, hexadecimal, base64, and the encodings of the web.

use std::borrow::Cow;

use rquickjs::{CString, Ctx, Exception, IntoJs, Object, Result, String as JsString, Value};

use super::encodings::{self, Decoder};
use super::functions;
use crate::bytes::Bytes;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    functions!(ctx, native, {
        "utf8Length" => |text: CString<'js>| text.len() as f64,
        "utf8Write" => |to: Bytes<'js>, text: CString<'js>, offset: f64, length: f64| {
            let bytes = well_formed(text.as_str().as_bytes());
            to.part_mut(offset, length, |part| {
                let count = whole_characters(&bytes, part.len());
                part[..count].copy_from_slice(&bytes[..count]);
                count as f64
            })
        },
        "utf8Text" => |ctx: Ctx<'js>, from: Bytes<'js>, offset: f64, length: f64| {
            from.part(offset, length, |part| JsString::from_str(ctx.clone(), &String::from_utf8_lossy(part)))
        },
        "latin1Write" => |to: Bytes<'js>, text: CString<'js>, offset: f64, length: f64| {
            let bytes = well_formed(text.as_str().as_bytes());
            to.part_mut(offset, length, |part| {
                let units = String::from_utf8_lossy(&bytes);
                let mut count = 0;
                for (place, unit) in part.iter_mut().zip(units.encode_utf16()) {
                    *place = unit as u8;
                    count += 1;
                }
                f64::from(count)
            })
        },
        "latin1Text" => |ctx: Ctx<'js>, from: Bytes<'js>, offset: f64, length: f64, mask: u32| {
            from.part(offset, length, |part| {
                let text: String = part.iter().map(|byte| char::from(*byte & mask as u8)).collect();
                JsString::from_str(ctx.clone(), &text)
            })
        },
        "hexWrite" => |to: Bytes<'js>, text: CString<'js>, offset: f64, length: f64| {
            to.part_mut(offset, length, |part| {
                let mut count = 0;
                for (place, pair) in part.iter_mut().zip(text.as_str().as_bytes().chunks_exact(2)) {
                    let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { break };
                    *place = high << 4 | low;
                    count += 1;
                }
                f64::from(count)
            })
        },
        "hexText" => |ctx: Ctx<'js>, from: Bytes<'js>, offset: f64, length: f64| {
            from.part(offset, length, |part| {
                let mut text = String::with_capacity(2 * part.len());
                for byte in part {
                    text.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
                    text.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
                }
                JsString::from_str(ctx.clone(), &text)
            })
        },
        "base64Write" => |to: Bytes<'js>, text: CString<'js>, offset: f64, length: f64| {
            to.part_mut(offset, length, |part| from_base64(text.as_str().as_bytes(), part) as f64)
        },
        "base64Text" => |ctx: Ctx<'js>, from: Bytes<'js>, offset: f64, length: f64, url: bool| {
            from.part(offset, length, |part| JsString::from_str(ctx.clone(), &to_base64(part, url)))
        },
        // The name that the Encoding Standard gives an encoding; undefined if it is not known.
        "encodingName" => |label: CString<'js>| encodings::name(label.as_str()),
        "decoder" => decoder,
    });
    Ok(())
}

/// A function that decodes a stream of bytes, piece by piece: `(bytes, offset, length, last, fatal)`.
fn decoder<'js>(ctx: Ctx<'js>, label: CString<'js>, keep_mark: bool) -> Result<Value<'js>> {
    let Some(mut decoder) = Decoder::new(label.as_str(), keep_mark) else {
        return Err(Exception::throw_range(&ctx, "unknown encoding"));
    };
    let decode = move |ctx: Ctx<'js>, from: Bytes<'js>, offset: f64, length: f64, last: bool, fatal: bool| {
        let decoded = from.part(offset, length, |part| decoder.decode(part, last, fatal));
        match decoded {
            Some(text) => JsString::from_str(ctx.clone(), &text)?.into_js(&ctx),
            None => Ok(Value::new_null(ctx)),
        }
    };
    rquickjs::Function::new(ctx.clone(), rquickjs::prelude::MutFn::new(decode))?.into_js(&ctx)
}

/// UTF-8 from text of the engine, in which a lone surrogate is three bytes that no UTF-8 has.
pub(crate) fn well_formed(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_surrogate = |two: &[u8]| two[0] == 0xed && two[1] >= 0xa0;
    if bytes.is_ascii() || !bytes.windows(2).any(is_surrogate) {
        return Cow::Borrowed(bytes);
    }
    let mut clean = bytes.to_vec();
    for at in 0..clean.len().saturating_sub(2) {
        if is_surrogate(&clean[at..at + 2]) {
            clean[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    Cow::Owned(clean)
}

/// How many of the first `room` bytes are whole characters.
fn whole_characters(bytes: &[u8], room: usize) -> usize {
    if bytes.len() <= room {
        return bytes.len();
    }
    let continues = |at: usize| bytes[at] & 0xc0 == 0x80;
    (0..=room).rev().find(|at| !continues(*at)).unwrap_or(0)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Decodes both alphabets at once, as Node.js does: what belongs to neither is passed over, and `=` ends the text.
fn from_base64(text: &[u8], to: &mut [u8]) -> usize {
    let (mut bits, mut have, mut count) = (0u32, 0, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            let Some(place) = to.get_mut(count) else { break };
            *place = (bits >> have) as u8;
            count += 1;
        }
    }
    count
}

fn to_base64(bytes: &[u8], url: bool) -> String {
    const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let alphabet = if url { FOR_URLS } else { PLAIN };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            match place <= three.len() {
                true => text.push(char::from(alphabet[(bits >> (18 - 6 * place)) as usize & 63])),
                false if url => {}
                false => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_both_ways() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(to_base64(bytes.as_bytes(), false), text);
            let mut back = [0; 8];
            let count = from_base64(text.as_bytes(), &mut back);
            assert_eq!(&back[..count], bytes.as_bytes());
        }
    }

    #[test]
    fn surrogates_are_replaced_and_characters_kept_whole() {
        assert_eq!(&*well_formed(b"a\xed\xa0\x80b"), "a\u{fffd}b".as_bytes());
        assert_eq!(whole_characters("a€b".as_bytes(), 3), 1);
        assert_eq!(whole_characters("a€b".as_bytes(), 4), 4);
    }
}
