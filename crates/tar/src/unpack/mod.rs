//! An archive becomes files of a workspace, below one directory and nowhere else.
//!
//! Every component of every name is looked up in its directory and has to be a directory itself: a symbolic link on the
//! way, be it from the archive or from before, is refused, and so are `..` and what begins with a slash loses it.
//!
//! What is in the way of a member is there until the member is whole: then one takes the place of the other. What a file
//! system has refused for lack of room is tried again by the next call.

mod file;
mod names;
mod place;

use rustc_hash::FxHashMap;
use tarbox_fs::{Credentials, FilesystemInterface, NewFile, Owners, blocking, restore};
use tarbox_store::{Attr, Error, ErrorKind, Ino};

use crate::member::{Kind, Member, Problem, Severity, Step};
use crate::reader::Reader;
use file::OpenFile;
use names::components;

/// What to do about something that was there before the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collision {
    /// Leave it, and report it.
    Refuse,
    /// Replace it, unless it is a directory.
    Replace,
}

impl Collision {
    /// What `--force` stands for.
    pub fn forced(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }

    /// Whether something that was there may go.
    ///
    /// # Errors
    /// `IsDirectory`: a directory never goes. `Exists` for anything else that is to be left.
    pub fn may_go(self, there: &Attr) -> Result<(), Error> {
        match self {
            _ if there.is_dir() => Err(ErrorKind::IsDirectory.into()),
            Self::Replace => Ok(()),
            Self::Refuse => Err(Error::new(ErrorKind::Exists).because("use --force to replace it")),
        }
    }
}

/// What has been unpacked and is there: a name that came twice counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Regular files, pipes and devices.
    pub files: u64,
    /// Directories that the archive names.
    pub directories: u64,
    /// Symbolic links, and further names of files.
    pub links: u64,
    /// Bytes of files, with their holes.
    pub bytes: u64,
}

impl Counts {
    /// Everything but the bytes.
    pub fn entries(&self) -> u64 {
        self.files + self.directories + self.links
    }
}

/// What there is to say while an archive is unpacked.
#[derive(Debug)]
pub enum Told {
    /// The archive is not as it should be. The path, if there is one, is as the archive has it.
    Problem(Problem),
    /// A member could not be unpacked, for this reason; the path is that in the workspace.
    Failed {
        /// Where it would have been.
        path: Vec<u8>,
        /// Why it is not there.
        error: Error,
    },
}

/// Unpacks one archive, piece by piece.
#[derive(Debug)]
pub struct Unpacker {
    reader: Reader,
    root: Ino,
    /// The path of the target, for messages; no slash at its end.
    root_path: Vec<u8>,
    /// That of the last member.
    last_path: Vec<u8>,
    collision: Collision,
    owners: Owners,
    counts: Counts,
    /// What could not be done yet.
    pending: Option<Step>,
    file: Option<OpenFile>,
    /// The directory of the last member: most members are in the same one as the one before.
    last_dir: Option<(Vec<u8>, Ino)>,
    /// What the archive has made or named.
    known: FxHashMap<Ino, Known>,
}

/// What is known of an inode.
#[derive(Debug)]
enum Known {
    /// A directory: whether it was not there before, and the last thing said of it, which is set once everything is in it.
    Directory { is_new: bool, said: Option<Box<Member>> },
    /// Anything else that was not there before, and may be replaced by what has the same name later: how many bytes of it
    /// were counted.
    New { bytes: u64 },
}

/// What a member is still needed for.
enum Goes {
    /// It is said of a directory.
    On(Ino),
    /// Its content goes into a file.
    Into(NewFile),
    Nowhere,
}

/// Who unpacks where.
struct Call<'a, F> {
    fs: &'a F,
    who: &'a Credentials,
}

/// Takes what there is to say.
type Tell<'t> = &'t mut dyn FnMut(Told);

impl Unpacker {
    /// Unpacks into the directory `root`, whose path is `path`.
    pub fn new((root, path): (Ino, &[u8]), collision: Collision, owners: Owners) -> Self {
        Self {
            reader: Reader::new(),
            root,
            root_path: path.strip_suffix(b"/").unwrap_or(path).to_vec(),
            last_path: Vec::new(),
            collision,
            owners,
            counts: Counts::default(),
            pending: None,
            file: None,
            last_dir: None,
            known: FxHashMap::default(),
        }
    }

    /// Bytes of the archive that were taken.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Whether nothing that may still come tells anything.
    pub fn is_over(&self) -> bool {
        self.pending.is_none() && self.reader.is_over()
    }

    /// What has been unpacked so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What the archive has come to: a path in the workspace, and how many bytes of it are there while it is not whole.
    pub fn current(&self) -> (&[u8], u64) {
        let there = self.file.as_ref().map_or(0, |open| open.file.end());
        (&self.last_path, there)
    }

    /// Takes the next bytes of the archive.
    ///
    /// # Errors
    /// What everything that follows would fail with, too, such as `NoSpace`. The call can be repeated with the bytes from
    /// [`position`](Self::position) on, or given up with [`abandon`](Self::abandon).
    pub fn feed<F: FilesystemInterface>(
        &mut self,
        (fs, who): (&F, &Credentials),
        mut input: &[u8],
        tell: Tell<'_>,
    ) -> Result<(), Error> {
        // Permissions come from the archive, not from a mask.
        let who = &who.clone().with_umask(0);
        let call = &Call { fs, who };
        loop {
            let step = match self.pending.take() {
                Some(step) => step,
                None => self.reader.step(&mut input),
            };
            match step {
                Step::More => return Ok(()),
                Step::End => return Ok(()),
                Step::Problem(problem) => self.tell_problem(call, problem, tell),
                Step::Data { offset, len } => {
                    self.data(call, offset, &input[..len], tell)?;
                    self.reader.took(&mut input, len);
                }
                Step::Member(member) => self.member(call, member, tell)?,
                Step::EndFile => self.end_file(call, tell)?,
            }
        }
    }

    /// The archive has ended: sets the attributes of the directories.
    ///
    /// # Errors
    /// Those of [`feed`](Self::feed); the call can be repeated.
    pub fn finish<F: FilesystemInterface>(
        &mut self,
        (fs, who): (&F, &Credentials),
        tell: Tell<'_>,
    ) -> Result<(), Error> {
        let who = &who.clone().with_umask(0);
        let call = &Call { fs, who };
        if let Some(problem) = self.reader.finish() {
            self.tell_problem(call, problem, tell);
        }
        let named = |known: &Known| matches!(known, Known::Directory { said: Some(_), .. });
        let inos: Vec<Ino> = self
            .known
            .iter()
            .filter(|(_, known)| named(known))
            .map(|(ino, _)| *ino)
            .collect();
        for ino in inos {
            let Some(Known::Directory {
                said: Some(member), ..
            }) = self.known.get(&ino)
            else {
                continue;
            };
            match blocking(restore(fs, who, (ino, None), &member.attributes(), self.owners)) {
                // It was removed by somebody else meanwhile.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) if is_hopeless(&e) => return Err(e),
                Err(error) => tell(Told::Failed {
                    path: self.shown(&member.path),
                    error,
                }),
                Ok(()) => {}
            }
            self.known.remove(&ino);
        }
        Ok(())
    }

    /// Gives up: what is not whole goes.
    ///
    /// # Errors
    /// Why it cannot be removed.
    pub fn abandon<F: FilesystemInterface>(&mut self, (fs, who): (&F, &Credentials)) -> Result<(), Error> {
        self.pending = None;
        self.drop_file(&Call { fs, who })
    }

    fn tell_problem<F: FilesystemInterface>(&mut self, call: &Call<'_, F>, problem: Problem, tell: Tell<'_>) {
        if problem.severity == Severity::Fatal
            && let Err(error) = self.drop_file(call)
        {
            let path = self.last_path.clone();
            tell(Told::Failed { path, error });
        }
        tell(Told::Problem(problem));
    }

    /// Makes what a member says. An error is one that everything would fail with; of others is told.
    fn member<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        member: Box<Member>,
        tell: Tell<'_>,
    ) -> Result<(), Error> {
        self.last_path = self.shown(&member.path);
        let done = match &member.kind {
            Kind::Directory => self.directory(call, &member).map(Goes::On),
            Kind::File => self.begin_file(call, &member).map(Goes::Into),
            Kind::HardLink(target) => self.hard_link(call, &member, target).map(|()| Goes::Nowhere),
            _ => self.node(call, &member).map(|()| Goes::Nowhere),
        };
        match done {
            Ok(Goes::On(ino)) => self.say(ino, member),
            Ok(Goes::Into(file)) => self.file = Some(OpenFile { file, member }),
            Ok(Goes::Nowhere) => {}
            Err(error) if is_hopeless(&error) => {
                self.pending = Some(Step::Member(member));
                return Err(error);
            }
            Err(error) => tell(Told::Failed {
                path: self.last_path.clone(),
                error,
            }),
        }
        Ok(())
    }

    /// The path in the workspace, for messages: one that nothing can have is not shown in full.
    fn shown(&self, path: &[u8]) -> Vec<u8> {
        names::shown(&self.root_path, path)
    }
}

/// Whether everything that follows would fail the same way.
fn is_hopeless(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NoSpace
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnly
            | ErrorKind::Suspended
            | ErrorKind::Io
    )
}
