//! Bytes to write: noise that is never the same twice.

/// The unit in which content is made unique; no store shares less.
const STAMP_EVERY: usize = 1024;

/// A source of content. Every piece differs from every other in each of its KiB, so that nothing can be saved by
/// sharing or compressing; making one costs a few nanoseconds a KiB.
#[derive(Debug, Clone)]
pub struct Content {
    buffer: Vec<u8>,
    next: u64,
}

impl Content {
    /// Pieces of this many bytes. Sources with different seeds have nothing in common.
    pub fn new(bytes: usize, seed: u64) -> Self {
        let mut buffer = vec![0; bytes];
        let mut random = Random::new(seed);
        for part in buffer.chunks_mut(8) {
            part.copy_from_slice(&random.next().to_le_bytes()[..part.len()]);
        }
        Self {
            buffer,
            next: seed << 40,
        }
    }

    /// The next piece.
    pub fn piece(&mut self) -> &[u8] {
        for part in self.buffer.chunks_mut(STAMP_EVERY) {
            self.next += 1;
            let stamp = self.next.to_le_bytes();
            let len = part.len().min(stamp.len());
            part[..len].copy_from_slice(&stamp[..len]);
        }
        &self.buffer
    }
}

/// Numbers that look random and replay from their seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, of all 64 bits.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kib_repeats() {
        let mut seen = std::collections::HashSet::new();
        for seed in 1..3 {
            let mut content = Content::new(4096, seed);
            for _ in 0..8 {
                for part in content.piece().chunks(STAMP_EVERY) {
                    assert!(seen.insert(part.to_vec()));
                }
            }
        }
    }
}
