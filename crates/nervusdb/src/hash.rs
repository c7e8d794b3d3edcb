//! XXH32: the checksum of everything stored, and the hash of terms.
//!
//! It needs only 32-bit arithmetic, so it is as quick where 64-bit numbers are emulated.

const P1: u32 = 0x9E37_79B1;
const P2: u32 = 0x85EB_CA77;
const P3: u32 = 0xC2B2_AE3D;
const P4: u32 = 0x27D4_EB2F;
const P5: u32 = 0x1656_67B1;

/// XXH32 of `input`.
pub(crate) fn hash(input: &[u8], seed: u32) -> u32 {
    let mut stripes = input.chunks_exact(16);
    let mut state = seed.wrapping_add(P5);
    if input.len() >= 16 {
        let mut lanes = [
            seed.wrapping_add(P1).wrapping_add(P2),
            seed.wrapping_add(P2),
            seed,
            seed.wrapping_sub(P1),
        ];
        for stripe in &mut stripes {
            for (lane, word) in lanes.iter_mut().zip(stripe.chunks_exact(4)) {
                *lane = round(*lane, le(word));
            }
        }
        state = lanes[0]
            .rotate_left(1)
            .wrapping_add(lanes[1].rotate_left(7))
            .wrapping_add(lanes[2].rotate_left(12))
            .wrapping_add(lanes[3].rotate_left(18));
    }
    state = state.wrapping_add(input.len() as u32);
    let mut words = stripes.remainder().chunks_exact(4);
    for word in &mut words {
        state = state
            .wrapping_add(le(word).wrapping_mul(P3))
            .rotate_left(17)
            .wrapping_mul(P4);
    }
    for &byte in words.remainder() {
        state = state
            .wrapping_add(u32::from(byte).wrapping_mul(P5))
            .rotate_left(11)
            .wrapping_mul(P1);
    }
    avalanche(state)
}

/// A hash of three words, for filters.
#[inline]
pub(crate) fn mix(words: [u32; 3]) -> u32 {
    let [a, b, c] = words;
    let state = round(round(round(P5, a), b), c);
    avalanche(state)
}

#[inline(always)]
fn round(lane: u32, word: u32) -> u32 {
    lane.wrapping_add(word.wrapping_mul(P2))
        .rotate_left(13)
        .wrapping_mul(P1)
}

#[inline(always)]
fn le(word: &[u8]) -> u32 {
    u32::from_le_bytes([word[0], word[1], word[2], word[3]])
}

fn avalanche(mut state: u32) -> u32 {
    state = (state ^ (state >> 15)).wrapping_mul(P2);
    state = (state ^ (state >> 13)).wrapping_mul(P3);
    state ^ (state >> 16)
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn it_is_xxh32() {
        assert_eq!(hash(b"", 0), 0x02CC_5D05);
        assert_eq!(hash(b"a", 0), 0x550D_7456);
        assert_eq!(hash(b"abc", 0), 0x32D1_53FF);
        assert_eq!(hash(b"Nobody inspects the spammish repetition", 0), 0xE229_3B2F);
    }
}
