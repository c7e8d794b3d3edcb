//! The whole of a view as one value, to compare with another.

use std::collections::BTreeMap;

use crate::*;

/// Everything that can be seen of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// All attributes but `blocks`, which says how the store keeps them.
    pub attr: Attr,
    /// Bytes of a file, or the target of a link.
    pub content: Vec<u8>,
    /// Extended attributes.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Paths and what is there; the root is the empty path.
pub type Tree = BTreeMap<Vec<u8>, Node>;

/// Reads everything of a view. Files are read whole, so they should be small.
///
/// # Errors
/// Those of the store.
///
/// # Panics
/// If an entry and its inode, or a directory and its parent, say different things.
pub async fn tree<S: Store>(store: &S, view: View) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut todo = vec![(Vec::new(), store.attr(view, Ino::ROOT).await?)];
    while let Some((path, attr)) = todo.pop() {
        if attr.is_dir() {
            let mut after = Cookie(0);
            let mut subdirs = 0;
            let mut count = 0;
            loop {
                let page = store.list(view, attr.ino, after, 7).await?;
                let names = store.list_names(view, attr.ino, after, 7).await?;
                let expected: Vec<_> = page.iter().cloned().map(DirName::from).collect();
                assert_eq!(names, expected, "names are those of the list");
                for entry in &page {
                    assert!(entry.cookie > after, "cookies grow");
                    after = entry.cookie;
                    count += 1;
                    subdirs += u32::from(entry.attr.is_dir());
                    let found = store.lookup(view, attr.ino, &entry.name).await?;
                    assert_eq!(settled(found), settled(entry.attr), "list and lookup agree");
                    if entry.attr.is_dir() {
                        assert_eq!(store.parent(view, entry.attr.ino).await?, attr.ino);
                    }
                    todo.push(([&path[..], b"/", &entry.name].concat(), entry.attr));
                }
                if page.len() < 7 {
                    break;
                }
            }
            assert_eq!(attr.nlink, 2 + subdirs, "{path:?} counts its subdirectories");
            assert_eq!(attr.size, 32 * count, "{path:?} counts its entries");
        }
        let node = Node {
            content: content(store, view, &attr).await?,
            xattrs: xattrs(store, view, attr.ino).await?,
            attr: settled(attr),
        };
        tree.insert(path, node);
    }
    Ok(tree)
}

async fn content<S: Store>(store: &S, view: View, attr: &Attr) -> Result<Vec<u8>> {
    match attr.kind {
        FileKind::File => {
            let mut bytes = vec![0xA5; attr.size as usize + 1];
            let n = store.read(view, attr.ino, 0, &mut bytes, Access::Quiet).await?;
            assert_eq!(n as u64, attr.size, "a file is as long as its size");
            bytes.truncate(n);
            Ok(bytes)
        }
        FileKind::Symlink => store.read_link(view, attr.ino).await,
        _ => Ok(Vec::new()),
    }
}

async fn xattrs<S: Store>(store: &S, view: View, ino: Ino) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut all = Vec::new();
    for name in store.xattrs(view, ino).await? {
        let value = store.xattr(view, ino, &name).await?;
        all.push((name, value));
    }
    Ok(all)
}

/// Attributes without the space they take, which a commit in the background may just have measured.
fn settled(attr: Attr) -> Attr {
    Attr { blocks: 0, ..attr }
}
