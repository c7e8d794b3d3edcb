//! The way along a path, from directory to directory.

use std::borrow::Cow;

use smallvec::SmallVec;
use tarbox_store::{Attr, Error, ErrorKind, Ino, Result};

use super::component::{self, Component};
use super::{At, Confine, Follow, LastComponent, PathAt, SYMLINKS_MAX};
use crate::interface::{AccessMask, Credentials, FilesystemInterface};

/// The directory that holds (or would hold) the last component of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent<'p> {
    /// The directory.
    pub dir: Ino,
    /// The last component; empty unless it is a name.
    pub name: &'p [u8],
    /// What the last component is.
    pub last: LastComponent,
    /// Whether a `/` follows it: then only a directory is meant.
    pub trailing_slash: bool,
}

/// A walk along one path, and on along the symbolic links that are met. Runs of names are looked up in one call.
pub struct Resolver<'f, F> {
    fs: &'f F,
    who: &'f Credentials,
    confine: Confine,
    /// The directory reached so far.
    current: Ino,
    /// The directories passed on the way down, while confined to what is beneath the first.
    passed: SmallVec<[Ino; 24]>,
    links: u32,
}

/// How far a run of names led.
enum Step {
    /// To a directory, all the way.
    Inside(Attr),
    /// To something else, which ends at this byte of the text.
    At(Attr, usize),
}

impl<'f, F: FilesystemInterface> Resolver<'f, F> {
    /// A walk that begins at `at`.
    pub fn new(fs: &'f F, who: &'f Credentials, at: At) -> Self {
        Self {
            fs,
            who,
            confine: at.confine,
            current: at.dir,
            passed: SmallVec::new(),
            links: 0,
        }
    }

    /// What the path leads to.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, `Access`, `Loop`, `NameTooLong`, `Invalid` (NUL); `NotPermitted` if it leads out of
    /// what it is confined to.
    pub async fn resolve(&mut self, path: &[u8], follow: Follow) -> Result<Attr> {
        component::check(path)?;
        self.follow_text(path, follow).await.map_err(|e| e.about(path))
    }

    /// Goes into the directory that the path leads to: what is resolved next begins there.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve); `NotDirectory` if it is none.
    pub async fn enter(&mut self, path: &[u8]) -> Result<Attr> {
        let attr = self.resolve(path, Follow::Yes).await?;
        self.require_dir(&attr)?;
        Ok(attr)
    }

    /// The directory that holds the last component, which need not exist and is not followed.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), for all but the last component.
    pub async fn parent<'p>(&mut self, path: &'p [u8]) -> Result<Parent<'p>> {
        component::check(path)?;
        self.enter_parent(path).await.map_err(|e| e.about(path))
    }

    /// Counts a link that the caller follows itself: its target goes into [`parent`](Self::parent) next.
    ///
    /// # Errors
    /// `Loop` after 40 links.
    pub fn count_link(&mut self) -> Result<()> {
        self.links += 1;
        match self.links > SYMLINKS_MAX {
            true => Err(Error::new(ErrorKind::Loop)),
            false => Ok(()),
        }
    }

    async fn enter_parent<'p>(&mut self, path: &'p [u8]) -> Result<Parent<'p>> {
        let (before, name, trailing_slash) = component::split_last(path);
        if !before.is_empty() || name.is_empty() {
            let attr = self
                .follow_text(if name.is_empty() { path } else { before }, Follow::Yes)
                .await?;
            self.require_dir(&attr)?;
        }
        component::check_name(name)?;
        let last = match name {
            b"" => LastComponent::Root,
            b"." => LastComponent::Dot,
            b".." => LastComponent::DotDot,
            _ => LastComponent::Name,
        };
        if last == LastComponent::DotDot && self.confine == Confine::Beneath && self.passed.is_empty() {
            return Err(escapes(DOTS_ESCAPE));
        }
        let name = if last == LastComponent::Name { name } else { b"" };
        Ok(Parent {
            dir: self.current,
            name,
            last,
            trailing_slash,
        })
    }

    /// Walks the text to its end and leaves `current` at the directory reached, or at the one that holds what was.
    async fn follow_text(&mut self, path: &[u8], follow: Follow) -> Result<Attr> {
        let mut text = Cow::Borrowed(path);
        let mut position = 0;
        let mut reached = None;
        self.begin(&text)?;
        loop {
            let mut behind = position;
            let step = match component::next(&text, &mut behind) {
                None => break,
                Some(Component::Dot) => {
                    position = behind;
                    continue;
                }
                Some(Component::DotDot) => {
                    position = behind;
                    reached = None;
                    self.ascend().await?;
                    continue;
                }
                Some(Component::Name(_)) => self.descend(&text, &mut position).await?,
            };
            match step {
                Step::Inside(attr) => reached = Some(attr),
                Step::At(attr, end) => {
                    let rest = &text[end..];
                    if !attr.is_symlink() || (rest.is_empty() && follow == Follow::No) {
                        return if rest.is_empty() {
                            Ok(attr)
                        } else {
                            Err(ErrorKind::NotDirectory.into())
                        };
                    }
                    text = Cow::Owned(self.splice_link(attr.ino, rest).await?);
                    position = 0;
                    reached = None;
                    self.begin(&text)?;
                }
            }
        }
        match reached {
            Some(attr) => Ok(attr),
            None => self.fs.getattr(self.current).await.and_then(|attr| {
                self.require_dir(&attr)?;
                Ok(attr)
            }),
        }
    }

    /// Goes to the root for an absolute text.
    fn begin(&mut self, text: &[u8]) -> Result<()> {
        if text.first() != Some(&b'/') {
            return Ok(());
        }
        match self.confine {
            Confine::Root(root) => self.current = root,
            Confine::Beneath => {
                return Err(escapes(
                    "an absolute path leads out of the directory it is confined to",
                ));
            }
        }
        Ok(())
    }

    async fn ascend(&mut self) -> Result<()> {
        match self.confine {
            Confine::Root(root) if self.current == root => {
                self.fs.access(self.who, root, AccessMask::EXECUTE).await?;
            }
            Confine::Root(_) => self.current = self.fs.parent(self.who, self.current).await?.ino,
            Confine::Beneath => {
                self.fs
                    .access(self.who, self.current, AccessMask::EXECUTE)
                    .await?;
                self.current = self.passed.pop().ok_or_else(|| escapes(DOTS_ESCAPE))?;
            }
        }
        Ok(())
    }

    /// Looks up the run of names that begins at `position`, as far as directories lead.
    async fn descend(&mut self, text: &[u8], position: &mut usize) -> Result<Step> {
        let mut names: SmallVec<[&[u8]; 16]> = SmallVec::new();
        loop {
            let mut behind = *position;
            match component::next(text, &mut behind) {
                Some(Component::Name(name)) if name.len() <= super::NAME_MAX => names.push(name),
                Some(Component::Name(name)) if names.is_empty() => component::check_name(name)?,
                Some(Component::Dot) => {}
                _ => break,
            }
            *position = behind;
        }
        let mut found = self.fs.walk(self.who, self.current, &names).await?;
        if found.len() < names.len() && found.last().is_none_or(Attr::is_dir) {
            return Err(ErrorKind::NotFound.into());
        }
        let Some(last) = found.pop() else {
            return Err(ErrorKind::NotFound.into());
        };
        for dir in &found {
            self.go_into(dir.ino);
        }
        if last.is_dir() {
            self.go_into(last.ino);
            return Ok(Step::Inside(last));
        }
        let name = names[found.len()];
        Ok(Step::At(
            last,
            name.as_ptr() as usize - text.as_ptr() as usize + name.len(),
        ))
    }

    fn go_into(&mut self, dir: Ino) {
        if self.confine == Confine::Beneath {
            self.passed.push(self.current);
        }
        self.current = dir;
    }

    /// The target of a link with the rest of the path behind it.
    async fn splice_link(&mut self, link: Ino, rest: &[u8]) -> Result<Vec<u8>> {
        self.count_link()?;
        let mut text = self.fs.readlink(link).await?;
        text.extend_from_slice(rest);
        Ok(text)
    }

    fn require_dir(&self, attr: &Attr) -> Result<()> {
        match attr.is_dir() {
            true => Ok(()),
            false => Err(ErrorKind::NotDirectory.into()),
        }
    }
}

const DOTS_ESCAPE: &str = "'..' leads out of the directory it is confined to";

fn escapes(why: &str) -> Error {
    Error::new(ErrorKind::NotPermitted).because(why)
}

/// Resolves one path.
pub(crate) async fn resolve<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
    follow: Follow,
) -> Result<Attr> {
    Resolver::new(fs, who, path.at).resolve(path.path, follow).await
}
