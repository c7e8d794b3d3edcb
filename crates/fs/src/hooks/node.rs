//! The files and directories of `/.tarbox`.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// One that is always there.
    Fixed(Fixed),
    /// `layers/tags/NAME`, by the place of its name in the session's table.
    Tag(u32),
}

const TAG: u64 = 1 << 32;

macro_rules! tree {
    ($($(#[$doc:meta])* $node:ident = $name:literal in $parent:ident, $shape:ident $mode:literal;)*) => {
        /// Files and directories that are always there.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(crate) enum Fixed { $($(#[$doc])* $node,)* }

        const TREE: &[Entry] = &[$(Entry {
            node: Fixed::$node,
            name: $name,
            parent: Fixed::$parent,
            dir: matches!(Shape::$shape, Shape::Dir),
            mode: $mode,
        },)*];
    };
}

enum Shape {
    Dir,
    File,
}

struct Entry {
    node: Fixed,
    name: &'static str,
    parent: Fixed,
    dir: bool,
    mode: u32,
}

// The modes: what tells about the workspace is for everyone, what tells about its users (the audit, a diff of paths) for
// the owner and the group, and what does something for the owner alone.
tree! {
    Root = ".tarbox" in Root, Dir 0o555;
    Readme = "README" in Root, File 0o444;
    Layers = "layers" in Root, Dir 0o555;
    Current = "current" in Layers, File 0o644;
    List = "list" in Layers, File 0o444;
    New = "new" in Layers, File 0o644;
    Switch = "switch" in Layers, File 0o644;
    Drop = "drop" in Layers, File 0o644;
    Squash = "squash" in Layers, File 0o644;
    Diff = "diff" in Layers, File 0o660;
    Tree = "tree" in Layers, File 0o444;
    Tags = "tags" in Layers, Dir 0o755;
    Snapshots = "snapshots" in Root, Dir 0o555;
    Audit = "audit" in Root, Dir 0o550;
    Recent = "recent" in Audit, File 0o440;
    Query = "query" in Audit, File 0o660;
    Stats = "stats" in Root, Dir 0o555;
    Usage = "usage" in Stats, File 0o444;
    Performance = "performance" in Stats, File 0o444;
    Cache = "cache" in Stats, File 0o444;
    Control = "control" in Root, Dir 0o555;
    Flush = "flush" in Control, File 0o644;
    Gc = "gc" in Control, File 0o644;
    LastError = "last-error" in Control, File 0o444;
}

impl Fixed {
    fn entry(self) -> &'static Entry {
        &TREE[self as usize]
    }
}

impl Node {
    pub(crate) const ROOT: Self = Self::Fixed(Fixed::Root);
    pub(crate) const SNAPSHOTS: Self = Self::Fixed(Fixed::Snapshots);
    pub(crate) const TAGS: Self = Self::Fixed(Fixed::Tags);

    /// Its inode number among the hooks.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Fixed(fixed) => fixed as u64,
            Self::Tag(index) => TAG | u64::from(index),
        }
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        match number >> 32 {
            0 => TREE.get(number as usize).map(|entry| Self::Fixed(entry.node)),
            1 => Some(Self::Tag(number as u32)),
            _ => None,
        }
    }

    pub(crate) fn is_dir(self) -> bool {
        match self {
            Self::Fixed(fixed) => fixed.entry().dir,
            Self::Tag(_) => false,
        }
    }

    /// Permission bits.
    pub(super) fn mode(self) -> u32 {
        match self {
            Self::Fixed(fixed) => fixed.entry().mode,
            Self::Tag(_) => 0o644,
        }
    }

    /// The directory that holds it; `None` for the topmost.
    pub(crate) fn parent(self) -> Option<Self> {
        match self {
            Self::Fixed(Fixed::Root) => None,
            Self::Fixed(fixed) => Some(Self::Fixed(fixed.entry().parent)),
            Self::Tag(_) => Some(Self::TAGS),
        }
    }

    /// Its name, if it is always there.
    pub(super) fn fixed_name(self) -> Option<&'static str> {
        match self {
            Self::Fixed(fixed) => Some(fixed.entry().name),
            Self::Tag(_) => None,
        }
    }

    /// What is always in it, in the order of their cookies.
    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        let parent = match self {
            Self::Fixed(fixed) => Some(fixed),
            Self::Tag(_) => None,
        };
        let below = move |entry: &&Entry| entry.node != Fixed::Root && Some(entry.parent) == parent;
        TREE.iter().filter(below).map(|entry| Self::Fixed(entry.node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_found_by_its_number_and_in_its_parent() {
        for (number, entry) in TREE.iter().enumerate() {
            let node = Node::Fixed(entry.node);
            assert_eq!(node.number(), number as u64);
            assert_eq!(Node::from_number(node.number()), Some(node));
            match node.parent() {
                None => assert_eq!(node, Node::ROOT),
                Some(parent) => assert!(parent.is_dir() && parent.children().any(|child| child == node)),
            }
        }
        assert_eq!(Node::from_number(TREE.len() as u64), None);
        assert_eq!(Node::from_number(Node::Tag(7).number()), Some(Node::Tag(7)));
        assert_eq!(Node::Tag(7).children().count(), 0);
    }
}
