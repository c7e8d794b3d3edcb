//! An archive, told step by step.

use tarbox_store::Timestamp;

use crate::BLOCK;
use crate::header::Header;
use crate::member::{Kind, Member, Problem, Severity, Step};
use crate::pax::{Pax, Value};
use crate::sparse::{MapParser, PIECES_MAX, PaxSparse, Pieces, check};

/// The longest extended header that is read; real ones have a few hundred bytes.
const EXTENDED_MAX: u64 = 4 << 20;

/// How far behind the end of an archive is looked for more.
const TAIL: u64 = 1 << 20;

/// Reads one archive: bytes in, steps out.
#[derive(Debug)]
pub struct Reader {
    /// Bytes taken so far.
    at: u64,
    state: State,
    /// A block that is not complete yet.
    block: Vec<u8>,
    /// Whether the last block that was read as a header was all zeros.
    after_zeros: bool,
    /// What extended headers said of the member to come.
    ahead: Ahead,
    global: Pax,
    /// Steps that are told before anything else is read, the last first.
    due: Vec<Step>,
}

/// What comes next in the input.
#[derive(Debug)]
enum State {
    /// A header.
    Header(Expected),
    /// The content of an extended header: its kind, and how much of it and of its filling is to come.
    Extended {
        kind: u8,
        bytes: Vec<u8>,
        size: u64,
        filling: u64,
    },
    /// Blocks that continue the map of an old GNU sparse file.
    GnuMap {
        member: Box<Member>,
        pieces: Pieces,
        real: u64,
        stored: u64,
    },
    /// The map in front of the content of a sparse file, and how many bytes it and the content are.
    PaxMap {
        member: Box<Member>,
        parser: MapParser,
        real: u64,
        left: u64,
        filling: u64,
    },
    /// The content of a file: what is to come, the last piece first.
    Content { pieces: Pieces, filling: u64 },
    /// Something that is passed over: content, and what fills its last block.
    Skip { content: u64, filling: u64 },
    /// What is behind the end: how far it was looked at.
    Tail(u64),
    /// Nothing more.
    Done,
}

/// What is known of the place where a header is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The archive begins here.
    First,
    /// Whatever was before ends here.
    Next,
    /// What was before claims so many bytes of content, which such members may have or not.
    NextOrContent(u64),
    /// What was here before was no header, which was reported.
    AfterDamage,
}

/// What extended headers say of the next member.
#[derive(Debug, Default)]
struct Ahead {
    /// Whether there were any.
    any: bool,
    pax: Pax,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    /// What was wrong with them, told together with the member.
    problems: Vec<Problem>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader at the beginning of an archive.
    pub fn new() -> Self {
        Self {
            at: 0,
            state: State::Header(Expected::First),
            block: Vec::with_capacity(BLOCK),
            after_zeros: false,
            ahead: Ahead::default(),
            global: Pax::default(),
            due: Vec::new(),
        }
    }

    /// Bytes of the archive that were taken.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Whether nothing that may still come tells anything.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Done) && self.due.is_empty()
    }

    /// What comes next. Takes what it needs from the front of `input`.
    pub fn step(&mut self, input: &mut &[u8]) -> Step {
        loop {
            if let Some(step) = self.due.pop() {
                return step;
            }
            let step = match &mut self.state {
                State::Header(expected) => {
                    let expected = *expected;
                    self.block(input)
                        .map(|block| self.header(Header(block), expected))
                }
                State::Extended { .. } => self.extended(input),
                State::GnuMap { .. } => self.block(input).map(|block| self.gnu_map(&Header(block))),
                State::PaxMap { .. } => self.block(input).map(|block| self.pax_map(&block)),
                State::Content { pieces, filling } => match pieces.last() {
                    Some((offset, len)) if !input.is_empty() => {
                        let len = (*len).min(input.len() as u64) as usize;
                        return Step::Data { offset: *offset, len };
                    }
                    Some(_) => None,
                    None => {
                        let filling = *filling;
                        self.skip(0, filling);
                        return Step::EndFile;
                    }
                },
                State::Skip { content, filling } => {
                    let left = *content + *filling;
                    let passed = left.min(input.len() as u64);
                    *filling = (*filling).min(left - passed);
                    *content = left - passed - *filling;
                    let is_over = left == passed;
                    self.advance(input, passed as usize);
                    is_over.then(|| self.expect(Expected::Next))
                }
                State::Tail(_) => self.tail(input),
                State::Done => {
                    self.advance(input, input.len());
                    return Step::End;
                }
            };
            if step.is_none() && self.due.is_empty() {
                return Step::More;
            }
        }
    }

    /// Says that so many bytes of the last [`Step::Data`] were taken from the front of `input`.
    pub fn took(&mut self, input: &mut &[u8], len: usize) {
        let State::Content { pieces, .. } = &mut self.state else {
            return;
        };
        if let Some((offset, left)) = pieces.last_mut() {
            *offset += len as u64;
            *left = left.saturating_sub(len as u64);
            if *left == 0 {
                pieces.pop();
            }
        }
        drop_empty(pieces);
        self.advance(input, len);
    }

    /// Says that the input has ended; answers what is wrong with that.
    pub fn finish(&mut self) -> Option<Problem> {
        let at = self.at;
        let state = std::mem::replace(&mut self.state, State::Done);
        let cut_off = || Some(format!("it is cut off at byte {at}"));
        let what = match state {
            State::Header(Expected::First) if at == 0 => {
                Some("it is empty: even the end of an archive is missing".to_owned())
            }
            State::Header(Expected::First) => Some(foreign(&self.block)),
            State::Header(_) if self.block.is_empty() && !self.ahead.any => None,
            State::Header(_) if self.block.is_empty() => cut_off(),
            State::Header(_) => Some("it ends in the middle of a header".to_owned()),
            State::Tail(_) | State::Done => None,
            _ => cut_off(),
        };
        what.map(|what| Problem::new(Severity::Fatal, what))
    }

    fn advance(&mut self, input: &mut &[u8], len: usize) {
        *input = &input[len..];
        self.at += len as u64;
    }

    /// The next block, once it is complete.
    fn block(&mut self, input: &mut &[u8]) -> Option<[u8; BLOCK]> {
        let len = (BLOCK - self.block.len()).min(input.len());
        self.block.extend_from_slice(&input[..len]);
        self.advance(input, len);
        let block = self.block.as_slice().try_into().ok()?;
        self.block.clear();
        Some(block)
    }

    fn expect(&mut self, expected: Expected) {
        self.state = State::Header(expected);
    }

    fn skip(&mut self, content: u64, filling: u64) {
        self.state = State::Skip { content, filling };
    }

    fn skip_all(&mut self, content: u64) {
        self.skip(content, filling(content));
    }

    /// Tells a problem next.
    fn problem(&mut self, severity: Severity, what: impl Into<String>) {
        self.due.push(Step::Problem(Problem::new(severity, what)));
    }

    fn header(&mut self, header: Header, expected: Expected) {
        let sound = header.is_sound();
        let after_zeros = std::mem::replace(&mut self.after_zeros, header.is_end());
        match expected {
            // One block of zeros can be content, too; two are the end.
            Expected::NextOrContent(_) if header.is_end() && after_zeros => self.state = State::Tail(0),
            Expected::NextOrContent(content) if !sound => {
                self.expect(match content.saturating_sub(BLOCK as u64) {
                    0 => Expected::Next,
                    left => Expected::NextOrContent(left),
                })
            }
            _ if header.is_end() => self.state = State::Tail(0),
            Expected::First if !sound => {
                self.state = State::Done;
                self.problem(Severity::Fatal, foreign(&header.0));
            }
            Expected::AfterDamage if !sound => {}
            _ if !sound => self.damaged("no header"),
            _ => self.sound(&header),
        }
    }

    /// What is at the last block is no header: the next one is looked for.
    fn damaged(&mut self, what: &str) {
        self.ahead = Ahead::default();
        self.expect(Expected::AfterDamage);
        let at = self.at - BLOCK as u64;
        self.problem(
            Severity::Fault,
            format!("the header at byte {at} is damaged: {what}; skipped up to the next header"),
        );
    }

    fn sound(&mut self, header: &Header) {
        let Some(size) = header.size() else {
            return self.damaged("an impossible size");
        };
        match header.kind() {
            kind @ (b'x' | b'X' | b'g' | b'L' | b'K') if size <= EXTENDED_MAX => {
                self.state = State::Extended {
                    kind,
                    bytes: Vec::new(),
                    size,
                    filling: filling(size),
                };
            }
            b'x' | b'X' | b'g' | b'L' | b'K' => {
                self.skip_all(size);
                let what =
                    format!("an extended header of {size} bytes, where the limit is {EXTENDED_MAX}; skipped");
                self.problem(Severity::Fault, what);
            }
            _ => self.member(header, size),
        }
    }

    fn extended(&mut self, input: &mut &[u8]) -> Option<()> {
        let State::Extended { bytes, size, .. } = &mut self.state else {
            return None;
        };
        let len = (*size - bytes.len() as u64).min(input.len() as u64) as usize;
        bytes.extend_from_slice(&input[..len]);
        let is_whole = bytes.len() as u64 == *size;
        self.advance(input, len);
        if !is_whole {
            return None;
        }
        if let State::Extended {
            kind, bytes, filling, ..
        } = std::mem::replace(&mut self.state, State::Header(Expected::Next))
        {
            self.learn(kind, bytes);
            self.skip(0, filling);
        }
        Some(())
    }

    /// Takes in what an extended header says.
    fn learn(&mut self, kind: u8, bytes: Vec<u8>) {
        self.ahead.any |= kind != b'g';
        match kind {
            b'L' => self.ahead.long_name = Some(until_nul(bytes)),
            b'K' => self.ahead.long_link = Some(until_nul(bytes)),
            _ => {
                let (pax, is_sound) = Pax::parse(&bytes);
                if !is_sound {
                    let what =
                        "an extended header with an invalid record; only the records before it are used";
                    self.ahead.problems.push(Problem::new(Severity::Fault, what));
                }
                match kind {
                    // As GNU tar has it: all that the one before said is over.
                    b'g' => self.global = pax,
                    _ => self.ahead.pax = pax,
                }
            }
        }
    }

    fn member(&mut self, header: &Header, size: u64) {
        let ahead = std::mem::take(&mut self.ahead);
        let pax = self.global.overridden_by(ahead.pax);
        let mut wrong = Wrong(ahead.problems);
        let size = wrong.value("size", pax.number("size")).unwrap_or(size);
        let path = pax
            .text("GNU.sparse.name")
            .or(pax.text("path"))
            .map(<[u8]>::to_vec);
        let path = path.or(ahead.long_name).unwrap_or_else(|| header.path());
        let link = pax.text("linkpath").map(<[u8]>::to_vec);
        let link = link.or(ahead.long_link).unwrap_or_else(|| header.link());
        let letter = header.kind();
        let kind = match letter {
            // Before there was a letter for directories, a slash at the end said so.
            b'0' | 0 | b'7' if path.ends_with(b"/") => Kind::Directory,
            b'0' | 0 | b'7' | b'S' => Kind::File,
            b'1' => Kind::HardLink(link),
            b'2' => Kind::Symlink(link),
            b'3' => Kind::CharDevice(header.device().unwrap_or_default()),
            b'4' => Kind::BlockDevice(header.device().unwrap_or_default()),
            b'5' | b'D' => Kind::Directory,
            b'6' => Kind::Fifo,
            b'V' => {
                return self.passed_over(
                    wrong,
                    size,
                    &path,
                    Severity::Note,
                    "it is a volume label, not a file",
                );
            }
            b'M' => {
                return self.passed_over(
                    wrong,
                    size,
                    &path,
                    Severity::Fault,
                    "it is continued from another volume; skipped",
                );
            }
            _ => {
                let what = format!(
                    "a member of the unknown type '{}'; unpacked as a file",
                    letter.escape_ascii()
                );
                wrong.note(what);
                Kind::File
            }
        };
        let (mode, mtime) = (header.mode(), header.mtime());
        for (field, is_number) in [("mode", mode.is_some()), ("time", mtime.is_some())] {
            if !is_number {
                wrong.note(format!("its {field} is not a number"));
            }
        }
        let mtime = Timestamp::from_parts(mtime.unwrap_or_default(), 0);
        let mtime = wrong.value("mtime", pax.time("mtime")).unwrap_or(mtime);
        let member = Box::new(Member {
            mode: mode.unwrap_or_default(),
            uid: wrong.owner("uid", pax.id("uid"), header.uid()),
            gid: wrong.owner("gid", pax.id("gid"), header.gid()),
            atime: wrong.value("atime", pax.time("atime")).unwrap_or(mtime),
            mtime,
            size,
            xattrs: pax.xattrs(),
            path,
            kind,
        });
        let problems = wrong.told(&member.path);
        match (&member.kind, letter) {
            (Kind::File, b'S') => self.begin_gnu_sparse(header, member, size),
            (Kind::File, _) => self.begin_file(&pax, member, size),
            // What was in a directory, for incremental backups.
            (Kind::Directory, b'D') => {
                self.skip_all(size);
                self.due.push(Step::Member(member));
            }
            // Links repeat the size of what they lead to, mostly without its content; directories say all kinds of things.
            _ => {
                self.expect(if size > 0 {
                    Expected::NextOrContent(size)
                } else {
                    Expected::Next
                });
                self.due.push(Step::Member(member));
            }
        }
        self.due.extend(problems);
    }

    fn passed_over(&mut self, mut wrong: Wrong, size: u64, path: &[u8], severity: Severity, what: &str) {
        self.skip_all(size);
        wrong.0.push(Problem::new(severity, what));
        self.due.extend(wrong.told(path));
    }

    fn begin_file(&mut self, pax: &Pax, member: Box<Member>, stored: u64) {
        match PaxSparse::of(pax) {
            Ok(PaxSparse::No) => {
                let size = member.size;
                self.content(member, vec![(0, size)], filling(size));
            }
            Ok(PaxSparse::Here(pieces, real)) => self.mapped(member, (pieces, real), stored, filling(stored)),
            Ok(PaxSparse::InContent(real)) => {
                self.state = State::PaxMap {
                    member,
                    parser: MapParser::default(),
                    real,
                    left: stored,
                    filling: filling(stored),
                };
                if stored < BLOCK as u64 {
                    self.no_map(stored, filling(stored), "a sparse file with a truncated map");
                }
            }
            Err(what) => {
                self.skip_all(stored);
                self.due.push(Step::Problem(left_out(what).about(&member.path)));
            }
        }
    }

    fn begin_gnu_sparse(&mut self, header: &Header, member: Box<Member>, stored: u64) {
        let map = header.gnu_map().filter(|_| header.is_gnu());
        let Some((pieces, real, more)) = map else {
            self.skip_all(stored);
            let what = left_out("a sparse file of an unknown format");
            return self.due.push(Step::Problem(what.about(&member.path)));
        };
        match more {
            true => {
                self.state = State::GnuMap {
                    member,
                    pieces,
                    real,
                    stored,
                }
            }
            false => self.mapped(member, (pieces, real), stored, filling(stored)),
        }
    }

    fn gnu_map(&mut self, block: &Header) {
        let State::GnuMap { pieces, stored, .. } = &mut self.state else {
            return;
        };
        let stored = *stored;
        let more = match block.gnu_map_more() {
            Some((next, more)) if pieces.len() + next.len() <= PIECES_MAX => {
                pieces.extend(next);
                more
            }
            _ => return self.no_map(stored, filling(stored), "a sparse file with an invalid map"),
        };
        if more {
            return;
        }
        if let State::GnuMap {
            member,
            pieces,
            real,
            stored,
        } = std::mem::replace(&mut self.state, State::Done)
        {
            self.mapped(member, (pieces, real), stored, filling(stored));
        }
    }

    fn pax_map(&mut self, block: &[u8; BLOCK]) {
        let State::PaxMap {
            parser,
            left,
            filling,
            ..
        } = &mut self.state
        else {
            return;
        };
        *left -= BLOCK as u64;
        let (left, filling) = (*left, *filling);
        match parser.feed(block) {
            Ok(None) if left < BLOCK as u64 => {
                self.no_map(left, filling, "a sparse file with a truncated map")
            }
            Ok(None) => {}
            Ok(Some(pieces)) => {
                if let State::PaxMap { member, real, .. } = std::mem::replace(&mut self.state, State::Done) {
                    self.mapped(member, (pieces, real), left, filling);
                }
            }
            Err(what) => self.no_map(left, filling, what),
        }
    }

    /// The sparse file being read has no map that makes sense: its content is passed over.
    fn no_map(&mut self, content: u64, filling: u64, what: &str) {
        let state = std::mem::replace(&mut self.state, State::Skip { content, filling });
        if let State::GnuMap { member, .. } | State::PaxMap { member, .. } = state {
            self.due.push(Step::Problem(left_out(what).about(&member.path)));
        }
    }

    fn mapped(&mut self, mut member: Box<Member>, (pieces, real): (Pieces, u64), stored: u64, filling: u64) {
        match check(&pieces, real, stored) {
            Ok(()) => {
                member.size = real;
                self.content(member, pieces, filling);
            }
            Err(what) => {
                self.skip(stored, filling);
                self.due.push(Step::Problem(left_out(what).about(&member.path)));
            }
        }
    }

    fn content(&mut self, member: Box<Member>, mut pieces: Pieces, filling: u64) {
        pieces.reverse();
        drop_empty(&mut pieces);
        self.state = State::Content { pieces, filling };
        self.due.push(Step::Member(member));
    }

    /// Looks at what follows the end, so that nothing is passed over without a word.
    fn tail(&mut self, input: &mut &[u8]) -> Option<()> {
        let State::Tail(looked) = &mut self.state else {
            return None;
        };
        let found = input.iter().position(|byte| *byte != 0);
        *looked += input.len() as u64;
        let is_over = found.is_some() || *looked > TAIL;
        if let Some(found) = found {
            let what = format!(
                "the archive ends before byte {}; data after it is ignored",
                self.at + found as u64
            );
            self.problem(Severity::Note, what);
        }
        self.advance(input, input.len());
        is_over.then(|| self.state = State::Done)
    }
}

/// What was noticed while a member was put together.
struct Wrong(Vec<Problem>);

impl Wrong {
    /// All of it, about a member.
    fn told(self, path: &[u8]) -> Vec<Step> {
        let problems = self.0.into_iter();
        problems
            .map(|problem| Step::Problem(problem.about(path)))
            .collect()
    }

    fn note(&mut self, what: impl Into<String>) {
        self.0.push(Problem::new(Severity::Note, what));
    }

    /// What records say under a key; a value that makes no sense is reported and does not count.
    fn value<T>(&mut self, key: &str, value: Value<T>) -> Option<T> {
        if let Some(text) = &value.nonsense {
            let what = format!(
                "an extended header has the invalid record '{key}={}', which is ignored",
                shown(text)
            );
            self.0.push(Problem::new(Severity::Fault, what));
        }
        value.last
    }

    fn owner(&mut self, key: &str, said: Value<u32>, fixed: Option<u32>) -> Option<u32> {
        let is_number =
            |text: &[u8]| !text.is_empty() && text.iter().all(|b| b.is_ascii_digit() || *b == b'-');
        match said.nonsense.as_deref() {
            Some(text) if is_number(text) => {
                self.note(format!("{key} {} is not valid for a file", shown(text)))
            }
            None if said.last.or(fixed).is_none() => self.note(format!("its {key} is not valid for a file")),
            _ => return self.value(key, said).or(fixed),
        }
        said.last.or(fixed)
    }
}

fn shown(text: &[u8]) -> String {
    text[..text.len().min(40)].escape_ascii().to_string()
}

fn left_out(what: &str) -> Problem {
    Problem::new(Severity::Fault, format!("{what}; skipped"))
}

/// How many bytes fill the last block of a content.
fn filling(size: u64) -> u64 {
    filled(size) - size
}

fn filled(size: u64) -> u64 {
    size.next_multiple_of(BLOCK as u64)
}

fn drop_empty(pieces: &mut Pieces) {
    while pieces.last().is_some_and(|(_, len)| *len == 0) {
        pieces.pop();
    }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

/// What something is that begins like this and is no archive.
fn foreign(block: &[u8]) -> String {
    let packed = [
        (&b"\x1f\x8b"[..], "gzip"),
        (&b"\xfd7zXZ\0"[..], "xz"),
        (&b"\x28\xb5\x2f\xfd"[..], "zstd"),
        (&b"BZh"[..], "bzip2"),
    ];
    match packed.into_iter().find(|(magic, _)| block.starts_with(magic)) {
        Some((_, program)) => format!("it is compressed; pipe it through '{program} -dc'"),
        None => "it does not begin like one".to_owned(),
    }
}
