//! A tenant as of one moment, as frames.

use std::collections::{HashMap, HashSet, VecDeque};

use tarbox_store::{Ino, Result};
use tarbox_store_core::transfer::{BlockHead, Era, Moment, Place, Version, Wire, encode, order_of};
use tarbox_store_core::{Block, Hash, Tenant};

use crate::frame::{Counts, Frame, Kind};

/// Bytes of rows after which a frame ends.
const FRAME: usize = 256 * 1024;
/// Bytes of blocks after which a frame ends.
const FRAME_BLOCKS: u64 = 2 * 1024 * 1024;
/// Rows asked for at once. Each is small, but for attributes and log records, which may have 64 and 16 KiB.
const PAGE: usize = 2_000;
const PAGE_LARGE: usize = 64;
const PAGE_LOG: usize = 1_000;
const PAGE_BLOCKS: usize = 512;

/// Where frames go.
pub(crate) trait Sink {
    /// Which of these blocks are wanted with their bytes. They will be in the next frame.
    fn wants(&mut self, blocks: &[BlockHead]) -> Result<Vec<bool>>;
    /// Takes a frame.
    fn take(&mut self, frame: Frame) -> Result<()>;
}

/// All frames of a tenant, each the same whenever the tenant is. Inodes without names are left out: nobody will ever see them again.
pub(crate) async fn export<M: Moment>(moment: &mut M, lost: &Lost, sink: &mut impl Sink) -> Result<Counts> {
    let mut export = Export {
        sink,
        counts: Counts::default(),
        rows: Vec::new(),
        count: 0,
    };
    let tenant = lost.without(moment.tenant());
    export.row(Kind::Tenant, &tenant)?;
    export.cut(Kind::Tenant)?;
    for layer in moment.layers().await? {
        export.row(Kind::Layer, &layer)?;
    }
    export.cut(Kind::Layer)?;
    for tag in moment.tags().await? {
        export.row(Kind::Tag, &tag)?;
    }
    export.cut(Kind::Tag)?;
    export.blocks(moment, lost).await?;

    macro_rules! versions {
        ($page:ident, $kind:expr, $limit:expr, $ino:expr) => {{
            let mut merge = Merge::default();
            loop {
                for era in [Era::Past, Era::Head] {
                    if merge.is_dry(era) {
                        let page = moment.$page(era, merge.after(era), $limit).await?;
                        merge.add(era, page, $limit);
                    }
                }
                let Some(version) = merge.next() else { break };
                let ino: fn(_) -> Ino = $ino;
                if version.died.is_some() || !lost.inodes.contains(&ino(&version.key)) {
                    export.row($kind, &version)?;
                }
            }
            export.cut($kind)?;
        }};
    }
    versions!(inodes, Kind::Inode, PAGE, |ino: &Ino| *ino);
    versions!(dentries, Kind::Dentry, PAGE, |key: &(Ino, u64)| key.0);
    versions!(xattrs, Kind::Xattr, PAGE_LARGE, |key: &(Ino, Vec<u8>)| key.0);
    versions!(chunks, Kind::Chunk, PAGE, |key: &(Ino, u64)| key.0);

    let mut after = 0;
    loop {
        let page = moment.log(after, PAGE_LOG).await?;
        for row in &page {
            export.row(Kind::Log, row)?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE_LOG => after = last.seq,
            _ => break,
        }
    }
    export.cut(Kind::Log)?;
    let counts = export.counts;
    export.row(Kind::End, &counts)?;
    export.cut(Kind::End)?;
    Ok(counts)
}

/// Frames in the making.
struct Export<'a, S> {
    sink: &'a mut S,
    counts: Counts,
    rows: Vec<u8>,
    count: u32,
}

impl<S: Sink> Export<'_, S> {
    fn row(&mut self, kind: Kind, row: &impl Wire) -> Result<()> {
        row.put(&mut self.rows);
        self.count += 1;
        match self.rows.len() >= FRAME {
            true => self.cut(kind),
            false => Ok(()),
        }
    }

    /// Ends a frame, if there is anything in it.
    fn cut(&mut self, kind: Kind) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        let (rows, count) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.count));
        self.counts.add(kind, count.into());
        self.sink.take(Frame {
            kind,
            count,
            rows,
            bodies: Vec::new(),
        })
    }

    async fn blocks<M: Moment>(&mut self, moment: &mut M, lost: &Lost) -> Result<()> {
        let mut after = None;
        loop {
            let page = moment.blocks(after, PAGE_BLOCKS).await?;
            let (mut group, mut bytes) = (Vec::new(), 0);
            for (hash, block) in &page {
                let refs = block.refs.saturating_sub(lost.refs_of(hash));
                if refs == 0 {
                    continue;
                }
                let head = BlockHead {
                    hash: *hash,
                    len: block.len,
                    refs,
                };
                group.push((head, *block));
                bytes += u64::from(block.len);
                if bytes >= FRAME_BLOCKS {
                    self.block_frame(moment, &std::mem::take(&mut group)).await?;
                    bytes = 0;
                }
            }
            self.block_frame(moment, &group).await?;
            match page.last() {
                Some((hash, _)) if page.len() == PAGE_BLOCKS => after = Some(*hash),
                _ => return Ok(()),
            }
        }
    }

    async fn block_frame<M: Moment>(&mut self, moment: &mut M, group: &[(BlockHead, Block)]) -> Result<()> {
        if group.is_empty() {
            return Ok(());
        }
        let heads: Vec<BlockHead> = group.iter().map(|(head, _)| *head).collect();
        let wanted = self.sink.wants(&heads)?;
        let places: Vec<(Hash, Block)> = group
            .iter()
            .zip(&wanted)
            .filter(|(_, wanted)| **wanted)
            .map(|((head, block), _)| (head.hash, *block))
            .collect();
        let mut read = match places.is_empty() {
            true => Vec::new(),
            false => moment.read(&places).await?,
        }
        .into_iter();
        self.counts.add(Kind::Block, heads.len() as u64);
        self.sink.take(Frame {
            kind: Kind::Block,
            count: heads.len() as u32,
            rows: encode(&heads),
            bodies: wanted
                .iter()
                .map(|wanted| wanted.then(|| read.next()).flatten())
                .collect(),
        })
    }
}

/// Pages of the past and of the head, which become one sequence by key and end.
struct Merge<K, R> {
    past: Pages<K, R>,
    head: Pages<K, R>,
}

struct Pages<K, R> {
    rows: VecDeque<Version<K, R>>,
    after: Option<Place<K>>,
    ended: bool,
}

impl<K, R> Default for Merge<K, R> {
    fn default() -> Self {
        let pages = || Pages {
            rows: VecDeque::new(),
            after: None,
            ended: false,
        };
        Self {
            past: pages(),
            head: pages(),
        }
    }
}

impl<K: Ord + Clone, R> Merge<K, R> {
    fn pages(&mut self, era: Era) -> &mut Pages<K, R> {
        match era {
            Era::Past => &mut self.past,
            Era::Head => &mut self.head,
        }
    }

    fn is_dry(&mut self, era: Era) -> bool {
        let pages = self.pages(era);
        pages.rows.is_empty() && !pages.ended
    }

    fn after(&mut self, era: Era) -> Option<Place<K>> {
        self.pages(era).after.clone()
    }

    fn add(&mut self, era: Era, page: Vec<Version<K, R>>, limit: usize) {
        let pages = self.pages(era);
        pages.ended = page.len() < limit;
        if let Some(last) = page.last() {
            pages.after = Some(last.place());
        }
        pages.rows.extend(page);
    }

    /// The next version; neither side is dry.
    fn next(&mut self) -> Option<Version<K, R>> {
        let place = |rows: &VecDeque<Version<K, R>>| rows.front().map(|v| (v.key.clone(), order_of(v.died)));
        match (place(&self.past.rows), place(&self.head.rows)) {
            (Some(past), Some(head)) if past > head => self.head.rows.pop_front(),
            (Some(_), _) => self.past.rows.pop_front(),
            (None, _) => self.head.rows.pop_front(),
        }
    }
}

/// Inodes of the head without names, and what they alone use.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    inodes: HashSet<Ino>,
    bytes: u64,
    /// By how many chunks fewer a block is named.
    refs: HashMap<Hash, u64>,
}

impl Lost {
    pub(crate) async fn find<M: Moment>(moment: &mut M) -> Result<Self> {
        let mut lost = Self::default();
        for ino in moment.orphans().await? {
            lost.inode(moment, ino).await?;
        }
        for (hash, refs) in &lost.refs {
            let found = moment.blocks(before(hash), 1).await?;
            let block = found.first().filter(|(name, _)| name == hash);
            if let Some((_, block)) = block.filter(|(_, block)| block.refs <= *refs) {
                lost.bytes += u64::from(block.len);
            }
        }
        Ok(lost)
    }

    async fn inode<M: Moment>(&mut self, moment: &mut M, ino: Ino) -> Result<()> {
        const END: u64 = i64::MAX as u64;
        let previous = Ino(ino.0.saturating_sub(1));
        let place = |key| Place {
            key,
            died: order_of(None),
        };
        let found = moment.inodes(Era::Head, Some(place(previous)), 1).await?;
        let Some(version) = found.first().filter(|version| version.key == ino) else {
            return Ok(());
        };
        self.inodes.insert(ino);
        self.bytes += version.row.inline_len();
        let mut after = Some(Place {
            key: (ino, Vec::new()),
            died: order_of(None),
        });
        loop {
            let page = moment.xattrs(Era::Head, after, PAGE_LARGE).await?;
            let own = page.iter().take_while(|version| version.key.0 == ino);
            self.bytes += own
                .map(|version| (version.key.1.len() + version.row.value.len()) as u64)
                .sum::<u64>();
            match page
                .last()
                .filter(|last| last.key.0 == ino && page.len() == PAGE_LARGE)
            {
                Some(last) => after = Some(last.place()),
                None => break,
            }
        }
        let mut after = Some(Place {
            key: (previous, END),
            died: order_of(None),
        });
        loop {
            let page = moment.chunks(Era::Head, after, PAGE).await?;
            for version in page.iter().take_while(|version| version.key.0 == ino) {
                for hash in version.row.hashes() {
                    *self.refs.entry(hash).or_default() += 1;
                }
            }
            match page.last().filter(|last| last.key.0 == ino && page.len() == PAGE) {
                Some(last) => after = Some(last.place()),
                None => return Ok(()),
            }
        }
    }

    fn refs_of(&self, hash: &Hash) -> u64 {
        self.refs.get(hash).copied().unwrap_or(0)
    }

    /// The tenant as it is without them.
    pub(crate) fn without(&self, tenant: &Tenant) -> Tenant {
        Tenant {
            bytes: tenant.bytes.saturating_sub(self.bytes),
            inodes: tenant.inodes.saturating_sub(self.inodes.len() as u64),
            ..tenant.clone()
        }
    }
}

/// The hash in front of another one.
fn before(hash: &Hash) -> Option<Hash> {
    let mut before = *hash;
    for byte in before.iter_mut().rev() {
        let (less, borrows) = byte.overflowing_sub(1);
        *byte = less;
        if !borrows {
            return Some(before);
        }
    }
    None
}
