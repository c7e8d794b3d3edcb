//! The new content of one chunk, as pieces in order.

use crate::rows::{Fragment, Hash};

/// Where the bytes of a piece are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Here.
    Bytes(Vec<u8>),
    /// In a block that is stored already, from `skip` on: shared, not copied.
    Block { hash: Hash, skip: u32, len: u32 },
}

/// New content at a place in a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) start: u32,
    pub(crate) body: Body,
}

impl Piece {
    pub(crate) fn len(&self) -> u32 {
        match &self.body {
            Body::Bytes(bytes) => bytes.len() as u32,
            Body::Block { len, .. } => *len,
        }
    }

    pub(crate) fn end(&self) -> u32 {
        self.start + self.len()
    }

    /// The part within `start..end` of the chunk, which must not be empty.
    fn clip(&self, start: u32, end: u32) -> Self {
        let (from, to) = (self.start.max(start), self.end().min(end));
        let at = from - self.start;
        let body = match &self.body {
            Body::Bytes(bytes) => Body::Bytes(bytes[at as usize..(to - self.start) as usize].to_vec()),
            Body::Block { hash, skip, .. } => Body::Block {
                hash: *hash,
                skip: skip + at,
                len: to - from,
            },
        };
        Self { start: from, body }
    }
}

/// Pieces in order, without overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pieces(Vec<Piece>);

impl Pieces {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Piece> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of the chunk that they are.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|piece| u64::from(piece.len())).sum()
    }

    /// Bytes held in memory.
    pub(crate) fn held(&self) -> u64 {
        self.0
            .iter()
            .map(|p| {
                if let Body::Bytes(b) = &p.body {
                    b.len() as u64
                } else {
                    0
                }
            })
            .sum()
    }

    /// The pieces that overlap `start..end`.
    pub(crate) fn overlapping(&self, start: u32, end: u32) -> &[Piece] {
        let from = self.0.partition_point(|p| p.end() <= start);
        let to = self.0.partition_point(|p| p.start < end);
        &self.0[from..to.max(from)]
    }

    /// Writes bytes over whatever is there.
    pub(crate) fn write(&mut self, start: u32, data: &[u8]) {
        let end = start + data.len() as u32;
        // Appending to the last piece, and overwriting within a piece, are by far the most common.
        if let Some(last) = self.0.last_mut() {
            if last.end() == start {
                if let Body::Bytes(bytes) = &mut last.body {
                    bytes.extend_from_slice(data);
                    return;
                }
            } else if last.end() < start {
                self.0.push(Piece {
                    start,
                    body: Body::Bytes(data.to_vec()),
                });
                return;
            }
        }
        let at = self.0.partition_point(|p| p.end() < start);
        if let Some(piece) = self.0.get_mut(at)
            && piece.start <= start
            && end <= piece.end()
            && let Body::Bytes(bytes) = &mut piece.body
        {
            let offset = (start - piece.start) as usize;
            bytes[offset..offset + data.len()].copy_from_slice(data);
            return;
        }
        self.insert(Piece {
            start,
            body: Body::Bytes(data.to_vec()),
        });
    }

    /// Puts a piece over whatever is there, and joins it with its neighbours where both are bytes.
    pub(crate) fn insert(&mut self, piece: Piece) {
        let at = self.cut(piece.start, piece.end());
        self.0.insert(at, piece);
        self.join(at + 1);
        self.join(at);
    }

    /// Joins piece `at` to the one before it, if they touch and both are bytes.
    fn join(&mut self, at: usize) {
        if at == 0 || at >= self.0.len() || self.0[at - 1].end() != self.0[at].start {
            return;
        }
        if let (Body::Bytes(_), Body::Bytes(_)) = (&self.0[at - 1].body, &self.0[at].body) {
            let next = self.0.remove(at);
            if let (Body::Bytes(bytes), Body::Bytes(more)) = (&mut self.0[at - 1].body, next.body) {
                bytes.extend_from_slice(&more);
            }
        }
    }

    /// Removes everything in `start..end`, and answers where a piece that begins there belongs.
    pub(crate) fn cut(&mut self, start: u32, end: u32) -> usize {
        let from = self.0.partition_point(|p| p.end() <= start);
        let to = self.0.partition_point(|p| p.start < end).max(from);
        let mut kept = Vec::with_capacity(2);
        if let Some(first) = self.0[from..to].first()
            && first.start < start
        {
            kept.push(first.clip(first.start, start));
        }
        let left = kept.len();
        if let Some(last) = self.0[from..to].last()
            && last.end() > end
        {
            kept.push(last.clip(end, last.end()));
        }
        self.0.splice(from..to, kept);
        from + left
    }
}

/// A fragment without the parts that new pieces and holes cover. `covered` is in order.
pub(crate) fn uncovered(fragment: &Fragment, covered: &[(u32, u32)]) -> Vec<Fragment> {
    let mut rest = Vec::new();
    let mut at = fragment.start;
    for &(start, end) in covered
        .iter()
        .filter(|(s, e)| *s < fragment.end() && *e > fragment.start)
    {
        rest.extend(fragment.clip(at, start));
        at = at.max(end);
    }
    rest.extend(fragment.clip(at, fragment.end()));
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Op {
        Write(u32, Vec<u8>),
        Share(u32, u32),
        Cut(u32, u32),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            (0u32..60, prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(s, d)| Op::Write(s, d)),
            (0u32..60, 1u32..20).prop_map(|(s, l)| Op::Share(s, l)),
            (0u32..60, 1u32..30).prop_map(|(s, l)| Op::Cut(s, s + l)),
        ]
    }

    proptest! {
        #[test]
        fn pieces_behave_as_an_array_of_optional_bytes(ops in prop::collection::vec(op(), 0..40)) {
            // A shared byte is modelled by 1000 plus its place in the block.
            let mut model: Vec<Option<u32>> = vec![None; 128];
            let mut pieces = Pieces::default();
            for op in ops {
                match op {
                    Op::Write(start, data) => {
                        for (i, b) in data.iter().enumerate() { model[start as usize + i] = Some(u32::from(*b)); }
                        pieces.write(start, &data);
                    }
                    Op::Share(start, len) => {
                        for i in 0..len { model[(start + i) as usize] = Some(1000 + 7 + i); }
                        pieces.insert(Piece { start, body: Body::Block { hash: [1; 32], skip: 7, len } });
                    }
                    Op::Cut(start, end) => {
                        model[start as usize..end as usize].fill(None);
                        pieces.cut(start, end);
                    }
                }
                let mut seen: Vec<Option<u32>> = vec![None; 128];
                let mut last = 0;
                for p in pieces.iter() {
                    prop_assert!(p.start >= last && p.len() > 0);
                    last = p.end();
                    for i in 0..p.len() {
                        seen[(p.start + i) as usize] = Some(match &p.body {
                            Body::Bytes(b) => u32::from(b[i as usize]),
                            Body::Block { skip, .. } => 1000 + skip + i,
                        });
                    }
                }
                prop_assert_eq!(&seen, &model);
            }
        }
    }
}
