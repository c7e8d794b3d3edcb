//! What arrives, checked row by row: each in its place, and nothing in it that cannot be. What rows say of each other, the database checks
//! when all are there.

use std::collections::{BTreeSet, HashSet};

use tarbox_store::{FileKind, Ino, LayerId};
use tarbox_store_core::transfer::{
    BlockHead, ChunkVersion, DentryVersion, InodeVersion, Version, Wire, XattrVersion, decode, order_of,
};
use tarbox_store_core::{
    BUCKET, CHUNK, Content, Hash, INLINE_MAX, Layer, LogRow, Map, Tenant, bucket_of, check_tenant_name,
};

use crate::fault::{Fault, Result};
use crate::frame::{Counts, Frame, Kind};

/// More than anything can count.
const COUNT_MAX: u64 = 1 << 62;
/// The highest number that a database holds.
const NUMBER_MAX: u64 = i64::MAX as u64;
/// The longest name, of entries and of attributes, of layers and of tags.
const NAME_MAX: usize = 255;
/// The longest value of an attribute.
const VALUE_MAX: usize = 64 * 1024;
/// The longest target of a symbolic link.
const TARGET_MAX: usize = 4096;
/// The longest path in the log.
const PATH_MAX: usize = 8192;

/// The rows of a frame.
#[derive(Debug)]
pub(crate) enum Rows {
    Tenant(Tenant),
    Layers(Vec<Layer>),
    Tags(Vec<(String, LayerId)>),
    Blocks(Vec<(BlockHead, Option<Vec<u8>>)>),
    Inodes(Vec<InodeVersion>),
    Dentries(Vec<DentryVersion>),
    Xattrs(Vec<XattrVersion>),
    Chunks(Vec<ChunkVersion>),
    Log(Vec<LogRow>),
    End,
}

/// What has arrived so far, as far as the next rows depend on it.
#[derive(Debug)]
pub(crate) struct Checker {
    /// The version of the rows.
    version: u32,
    /// Frames so far.
    frames: u64,
    kind: Option<Kind>,
    tenant: Option<Tenant>,
    layers: BTreeSet<LayerId>,
    names: HashSet<String>,
    has_root: bool,
    /// The last row of the kind that is arriving.
    last: Last,
    pub(crate) counts: Counts,
    pub(crate) bytes: u64,
}

/// The last row of each kind, for the order.
#[derive(Debug, Default)]
struct Last {
    tag: Option<String>,
    block: Option<Hash>,
    inode: Option<(Ino, LayerId)>,
    pair: Option<((Ino, u64), LayerId)>,
    xattr: Option<((Ino, Vec<u8>), LayerId)>,
    log: Option<u64>,
}

/// Why a row cannot be; the place is said by whoever knows it.
type Rule = std::result::Result<(), String>;

fn rule(is: bool, what: impl FnOnce() -> String) -> Rule {
    match is {
        true => Ok(()),
        false => Err(what()),
    }
}

impl Checker {
    pub(crate) fn new(version: u32) -> Self {
        Self {
            version,
            frames: 0,
            kind: None,
            tenant: None,
            layers: BTreeSet::new(),
            names: HashSet::new(),
            has_root: false,
            last: Last::default(),
            counts: Counts::default(),
            bytes: 0,
        }
    }

    /// Frames taken so far.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether the last frame has been taken.
    pub(crate) fn is_at_end(&self) -> bool {
        self.kind == Some(Kind::End)
    }

    /// Decodes a frame, and checks its rows.
    pub(crate) fn take(&mut self, frame: Frame) -> Result<Rows> {
        let kind = frame.kind;
        let follows = match self.kind {
            None => kind == Kind::Tenant,
            // One row each.
            Some(Kind::Tenant) => kind > Kind::Tenant,
            Some(Kind::End) => false,
            Some(last) => kind >= last,
        };
        if !follows || frame.count == 0 {
            return Err(self.wrong(kind, None, "it is not in its place".into()));
        }
        if self.kind != Some(kind) {
            self.last = Last::default();
            self.kind = Some(kind);
        }
        if kind == Kind::End {
            self.end(&frame)?;
        } else {
            self.counts.add(kind, frame.count.into());
        }
        let rows = match kind {
            Kind::Tenant => Rows::Tenant(self.the_tenant(&frame)?),
            Kind::Layer => Rows::Layers(self.rows(&frame, Self::layer)?),
            Kind::Tag => Rows::Tags(self.rows(&frame, Self::tag)?),
            Kind::Block => Rows::Blocks(self.blocks(frame)?),
            Kind::Inode => Rows::Inodes(self.rows(&frame, Self::inode)?),
            Kind::Dentry => Rows::Dentries(self.rows(&frame, Self::dentry)?),
            Kind::Xattr => Rows::Xattrs(self.rows(&frame, Self::xattr)?),
            Kind::Chunk => Rows::Chunks(self.rows(&frame, Self::chunk)?),
            Kind::Log => Rows::Log(self.rows(&frame, Self::log)?),
            Kind::End => Rows::End,
        };
        self.frames += 1;
        Ok(rows)
    }

    fn wrong(&self, kind: Kind, row: Option<usize>, what: String) -> Fault {
        let row = row.map_or(String::new(), |row| format!(", {} {}", kind.row(), row + 1));
        Fault::damaged(format!("frame {}{row}: {what}", self.frames))
    }

    fn decode<R: Wire>(&self, frame: &Frame) -> Result<Vec<R>> {
        let rows = decode(&frame.rows, frame.count as usize, self.version);
        rows.map_err(|row| self.wrong(frame.kind, Some(row), "it cannot be decoded".into()))
    }

    fn rows<R: Wire>(&mut self, frame: &Frame, check: fn(&mut Self, &R) -> Rule) -> Result<Vec<R>> {
        let rows: Vec<R> = self.decode(frame)?;
        for (i, row) in rows.iter().enumerate() {
            check(self, row).map_err(|what| self.wrong(frame.kind, Some(i), what))?;
        }
        Ok(rows)
    }

    fn the_tenant(&mut self, frame: &Frame) -> Result<Tenant> {
        let mut rows: Vec<Tenant> = self.decode(frame)?;
        let tenant = rows.pop().filter(|_| rows.is_empty());
        let tenant =
            tenant.ok_or_else(|| self.wrong(Kind::Tenant, None, "there is more than one tenant".into()))?;
        let t = &tenant;
        let check = || {
            check_tenant_name(&t.name).map_err(|e| e.to_string())?;
            let quota = [t.quota.bytes, t.quota.inodes, t.quota.layers, t.quota.log_records];
            rule(quota.iter().flatten().all(|limit| *limit <= NUMBER_MAX), || {
                "its quota is larger than any can be".into()
            })?;
            let counts = [t.bytes, t.inodes, t.layers, t.head.0, t.next_seq];
            rule(counts.iter().all(|n| *n <= COUNT_MAX), || {
                "it counts more than there can be".into()
            })?;
            rule((1..=t.head.0).contains(&t.current.0), || {
                format!("layer {} is current, and {} the last", t.current, t.head)
            })?;
            rule((Ino::ROOT.0 + 1..=Ino::LIMIT).contains(&t.next_ino), || {
                format!("its next inode would be {}", t.next_ino)
            })?;
            rule(t.next_seq >= 1 && t.layers >= 1 && t.inodes >= 1, || {
                "it counts less than there must be".into()
            })
        };
        check().map_err(|what| self.wrong(Kind::Tenant, Some(0), what))?;
        self.tenant = Some(tenant.clone());
        Ok(tenant)
    }

    /// The tenant, of which nothing is known before its frame.
    fn t(&self) -> std::result::Result<&Tenant, String> {
        self.tenant.as_ref().ok_or_else(|| "there is no tenant".into())
    }

    fn layer(&mut self, layer: &Layer) -> Rule {
        let head = self.t()?.head;
        rule(layer.id.0 >= 1 && layer.id < head, || {
            format!("layer {} is not before the last, {head}", layer.id)
        })?;
        rule(self.layers.last().is_none_or(|last| *last < layer.id), || {
            format!("layer {} is not in order", layer.id)
        })?;
        check_text("layer", &layer.name)?;
        rule(self.names.insert(layer.name.clone()), || {
            format!("a second layer is called '{}'", shown(&layer.name))
        })?;
        self.layers.insert(layer.id);
        Ok(())
    }

    fn tag(&mut self, (name, layer): &(String, LayerId)) -> Rule {
        check_text("tag", name)?;
        rule(self.last.tag.as_ref().is_none_or(|last| last < name), || {
            format!("tag '{}' is not in order", shown(name))
        })?;
        rule(self.layers.contains(layer), || {
            format!(
                "tag '{}' points at layer {layer}, which is not there",
                shown(name)
            )
        })?;
        self.last.tag = Some(name.clone());
        Ok(())
    }

    fn blocks(&mut self, frame: Frame) -> Result<Vec<(BlockHead, Option<Vec<u8>>)>> {
        let heads: Vec<BlockHead> = self.decode(&frame)?;
        let mut rows = Vec::with_capacity(heads.len());
        let mut bodies = frame.bodies.into_iter();
        for (i, head) in heads.into_iter().enumerate() {
            let body = bodies.next().flatten();
            self.block(&head, body.as_deref())
                .map_err(|what| self.wrong(Kind::Block, Some(i), what))?;
            self.bytes += u64::from(head.len);
            rows.push((head, body));
        }
        Ok(rows)
    }

    fn block(&mut self, head: &BlockHead, body: Option<&[u8]>) -> Rule {
        rule(self.last.block.is_none_or(|last| last < head.hash), || {
            "it is not in order".into()
        })?;
        rule((1..=CHUNK).contains(&head.len.into()), || {
            format!("it claims {} bytes", head.len)
        })?;
        rule((1..=COUNT_MAX).contains(&head.refs), || {
            format!("it is named {} times", head.refs)
        })?;
        if let Some(body) = body {
            rule(
                body.len() == head.len as usize && *blake3::hash(body).as_bytes() == head.hash,
                || "its bytes do not match its hash".into(),
            )?;
        }
        self.last.block = Some(head.hash);
        Ok(())
    }

    /// An inode number that was given out.
    fn ino(&self, what: &str, ino: Ino) -> Rule {
        let next = self.t()?.next_ino;
        rule((Ino::ROOT.0..next).contains(&ino.0), || {
            format!("its {what} {ino} was never given out")
        })
    }

    /// Where a version began and ended, and that it stands behind the one before it.
    fn interval<K: Ord, R>(
        &self,
        version: &Version<K, R>,
        born: LayerId,
        last: Option<&(K, LayerId)>,
    ) -> std::result::Result<LayerId, String> {
        let head = self.t()?.head;
        let end = order_of(version.died);
        let lives = || match version.died {
            Some(died) => format!("it lives in layers {born} to {died} of {head}"),
            None => format!("it lives from layer {born} of {head} on"),
        };
        let fits = born.0 >= 1 && born <= head && version.died.is_none_or(|died| born < died && died <= head);
        rule(fits, lives)?;
        if let Some((key, before)) = last {
            rule(
                *key < version.key || (*key == version.key && *before < end),
                || "it is not in order".into(),
            )?;
            rule(*key != version.key || *before <= born, || {
                format!("{}, and the version before it to layer {before}", lives())
            })?;
        }
        Ok(end)
    }

    fn inode(&mut self, version: &InodeVersion) -> Rule {
        let n = &version.row;
        self.ino("number", version.key)?;
        let end = self.interval(version, n.born, self.last.inode.as_ref())?;
        self.last.inode = Some((version.key, end));
        rule(n.mode <= 0o7777, || format!("its mode is {:o}", n.mode))?;
        rule(
            n.size <= NUMBER_MAX && n.stored <= NUMBER_MAX && n.cookie <= NUMBER_MAX,
            || "it is larger than any can be".into(),
        )?;
        self.ino("parent", n.parent)?;
        let (fits, len) = match (&n.content, n.kind) {
            (Content::Inline(data), FileKind::File) => {
                (data.len() as u64 == n.size && n.size <= INLINE_MAX, data.len())
            }
            (Content::Inline(data), FileKind::Symlink) => (
                data.len() as u64 == n.size && (1..=TARGET_MAX).contains(&data.len()),
                data.len(),
            ),
            (Content::Inline(data), _) => (data.is_empty(), data.len()),
            (Content::Chunked, kind) => (kind == FileKind::File, 0),
            (Content::Stored, _) => (false, 0),
        };
        rule(fits, || {
            format!("its size of {} does not fit its content of {len} bytes", n.size)
        })?;
        if version.key == Ino::ROOT {
            rule(n.is_dir(), || "the root is no directory".into())?;
            self.has_root |= version.died.is_none();
        }
        Ok(())
    }

    fn dentry(&mut self, version: &DentryVersion) -> Rule {
        let d = &version.row;
        self.ino("directory", version.key.0)?;
        self.ino("inode", d.ino)?;
        rule(d.ino != Ino::ROOT, || "it names the root".into())?;
        let end = self.interval(version, d.born, self.last.pair.as_ref())?;
        self.last.pair = Some((version.key, end));
        let is_name =
            !d.name.is_empty() && d.name.len() <= NAME_MAX && !d.name.iter().any(|b| matches!(b, b'/' | 0));
        rule(is_name && &d.name[..] != b"." && &d.name[..] != b"..", || {
            format!("no entry can be called '{}'", d.name.escape_ascii())
        })?;
        let bucket = bucket_of(&self.t()?.secret, &d.name);
        rule(
            d.cookie <= NUMBER_MAX && d.cookie - d.cookie % BUCKET == bucket,
            || format!("'{}' is not where its name belongs", d.name.escape_ascii()),
        )
    }

    fn xattr(&mut self, version: &XattrVersion) -> Rule {
        let name = &version.key.1;
        self.ino("inode", version.key.0)?;
        rule((1..=NAME_MAX).contains(&name.len()) && !name.contains(&0), || {
            "it has no name that can be".into()
        })?;
        rule(version.row.value.len() <= VALUE_MAX, || {
            format!("it has {} bytes", version.row.value.len())
        })?;
        let end = self.interval(version, version.row.born, self.last.xattr.as_ref())?;
        self.last.xattr = Some((version.key.clone(), end));
        Ok(())
    }

    fn chunk(&mut self, version: &ChunkVersion) -> Rule {
        self.ino("file", version.key.0)?;
        rule(version.key.1 <= NUMBER_MAX / CHUNK, || {
            format!("its index is {}", version.key.1)
        })?;
        let end = self.interval(version, version.row.born, self.last.pair.as_ref())?;
        self.last.pair = Some((version.key, end));
        rule(is_map(&version.row), || {
            "its fragments overlap, or reach too far".into()
        })
    }

    fn log(&mut self, row: &LogRow) -> Rule {
        let t = self.t()?;
        rule(
            self.last.log.map_or(row.seq >= 1, |last| row.seq == last + 1) && row.seq < t.next_seq,
            || format!("position {} is not in order, or behind the last one", row.seq),
        )?;
        rule(
            row.layer.0 <= t.head.0 && row.ino.0 < t.next_ino && row.bytes <= NUMBER_MAX,
            || "it is about something that never was".into(),
        )?;
        let from = row.from.as_ref().map_or(0, Vec::len);
        rule(
            row.path.len() <= PATH_MAX && from <= PATH_MAX && row.agent.len() <= NAME_MAX,
            || "it is longer than any can be".into(),
        )?;
        rule(!row.agent.contains('\0'), || "its agent holds a NUL".into())?;
        self.last.log = Some(row.seq);
        Ok(())
    }

    /// All that was announced is there.
    fn end(&self, frame: &Frame) -> Result<()> {
        let counts: Vec<Counts> = self.decode(frame)?;
        let check = || {
            rule(counts == [self.counts], || {
                "it counts other rows than there were".into()
            })?;
            let t = self.t()?;
            rule(t.layers == self.layers.len() as u64 + 1, || {
                format!(
                    "the tenant counts {} layers, and {} are there",
                    t.layers,
                    self.layers.len() + 1
                )
            })?;
            rule(t.current == t.head || self.layers.contains(&t.current), || {
                format!("layer {}, which is current, is not there", t.current)
            })?;
            rule(self.has_root, || "there is no root directory".into())
        };
        check().map_err(|what| self.wrong(Kind::End, None, what))
    }
}

/// Text that a database holds, and a terminal shows.
fn check_text(what: &str, text: &str) -> Rule {
    let fits = (1..=NAME_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    rule(fits, || format!("no {what} can be called '{}'", shown(text)))
}

fn shown(text: &str) -> String {
    text.chars()
        .take(NAME_MAX)
        .collect::<String>()
        .escape_debug()
        .to_string()
}

/// Whether fragments are in order, do not overlap, and lie within their chunk and their block.
fn is_map(map: &Map) -> bool {
    let mut end = 0;
    let fits = map.fragments.iter().all(|f| {
        let (start, len, skip) = (u64::from(f.start), u64::from(f.len), u64::from(f.skip));
        let fits = start >= end && len > 0 && start + len <= CHUNK && skip + len <= CHUNK;
        end = start + len;
        fits
    });
    fits && !map.fragments.is_empty()
}
