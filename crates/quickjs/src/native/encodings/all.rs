//! All encodings that the Encoding Standard knows.

use encoding_rs::{DecoderResult, Encoding};

/// The name of an encoding by one of its labels.
pub(in crate::native) fn name(label: &str) -> Option<String> {
    let found = Encoding::for_label_no_replacement(label.as_bytes());
    found.map(|encoding| encoding.name().to_ascii_lowercase())
}

/// Decodes a stream of bytes, piece by piece.
pub(in crate::native) struct Decoder(encoding_rs::Decoder);

impl Decoder {
    /// Nothing if there is no such encoding.
    pub(in crate::native) fn new(label: &str, keep_mark: bool) -> Option<Self> {
        let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
        Some(Self(match keep_mark {
            true => encoding.new_decoder_without_bom_handling(),
            false => encoding.new_decoder_with_bom_removal(),
        }))
    }

    /// The text of the next piece. What is malformed becomes U+FFFD, or, where it is `fatal`, there is no text.
    pub(in crate::native) fn decode(&mut self, part: &[u8], last: bool, fatal: bool) -> Option<String> {
        let room = self.0.max_utf8_buffer_length(part.len());
        let mut text = String::with_capacity(room.unwrap_or(usize::MAX / 2));
        if !fatal {
            let _ = self.0.decode_to_string(part, &mut text, last);
            return Some(text);
        }
        let (result, _) = self.0.decode_to_string_without_replacement(part, &mut text, last);
        matches!(result, DecoderResult::InputEmpty).then_some(text)
    }
}
