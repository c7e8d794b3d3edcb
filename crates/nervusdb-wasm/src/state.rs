//! What one instance keeps between calls, and how a call ends.

use std::cell::RefCell;

use nervusdb::{Batch, Graph, PropertyScan, Scan, Snapshot};

use crate::slab::Slab;

/// A graph as it is now, or as it was.
#[expect(clippy::large_enum_variant, reason = "few are open at a time")]
pub(crate) enum View {
    Newest(Graph),
    Past(Snapshot),
}

pub(crate) enum AnyScan {
    Facts(Scan),
    Properties(PropertyScan),
}

pub(crate) struct State {
    input: Vec<u32>,
    /// The first word is the number of those that follow.
    pub(crate) words: Vec<u32>,
    pub(crate) bytes: Vec<u8>,
    error: String,
    pub(crate) views: Slab<View>,
    pub(crate) scans: Slab<AnyScan>,
    pub(crate) batch: Batch,
}

thread_local! {
    static STATE: RefCell<State> = const {
        RefCell::new(State {
            input: Vec::new(),
            words: Vec::new(),
            bytes: Vec::new(),
            error: String::new(),
            views: Slab::new(),
            scans: Slab::new(),
            batch: Batch::new(),
        })
    };
}

/// Why a call failed.
pub(crate) enum Failure {
    Engine(nervusdb::Error),
    /// The caller broke the contract.
    Misuse(&'static str),
}

impl From<nervusdb::Error> for Failure {
    fn from(error: nervusdb::Error) -> Self {
        Self::Engine(error)
    }
}

pub(crate) type Outcome<T> = Result<T, Failure>;

/// Runs a call; an error is kept for [`error`], and the call returns `failed`.
pub(crate) fn call<T>(failed: T, work: impl FnOnce(&mut State) -> Outcome<T>) -> T {
    STATE.with(|state| {
        // Nothing the host does while the engine runs calls back into it.
        let Ok(mut state) = state.try_borrow_mut() else {
            return failed;
        };
        let state = &mut *state;
        match work(state) {
            Ok(value) => value,
            Err(failure) => {
                state.error.clear();
                match failure {
                    Failure::Engine(error) => {
                        state.error.push_str(error.code());
                        state.error.push(' ');
                        state.error.push_str(&error.to_string());
                    }
                    Failure::Misuse(what) => {
                        state.error.push_str("MISUSE ");
                        state.error.push_str(what);
                    }
                }
                failed
            }
        }
    })
}

/// As [`call`], for calls that give words.
pub(crate) fn yields(work: impl FnOnce(&mut State) -> Outcome<()>) -> *const u32 {
    call(std::ptr::null(), |state| {
        state.words.clear();
        state.words.push(0);
        state.bytes.clear();
        work(state)?;
        state.words[0] = state.words.len() as u32 - 1;
        Ok(state.words.as_ptr())
    })
}

/// As [`call`], for calls that only succeed (1) or fail (0).
pub(crate) fn done(work: impl FnOnce(&mut State) -> Outcome<()>) -> u32 {
    call(0, |state| work(state).map(|()| 1))
}

impl State {
    pub(crate) fn view(&self, handle: u32) -> Outcome<&View> {
        self.views.get(handle).ok_or(Failure::Misuse("no such view"))
    }

    pub(crate) fn graph(&self, handle: u32) -> Outcome<&Graph> {
        match self.view(handle)? {
            View::Newest(graph) => Ok(graph),
            View::Past(_) => Err(Failure::Misuse("a snapshot is no graph")),
        }
    }

    /// The first words of the input.
    pub(crate) fn input_words(&self, count: usize) -> Outcome<&[u32]> {
        self.input.get(..count).ok_or(Failure::Misuse("short input"))
    }

    /// Bytes of the input.
    pub(crate) fn input_bytes(&self, at: usize, len: usize) -> Outcome<&[u8]> {
        as_bytes(&self.input)
            .get(at..)
            .and_then(|rest| rest.get(..len))
            .ok_or(Failure::Misuse("short input"))
    }

    /// Text of the input.
    pub(crate) fn input_text(&self, at: usize, len: usize) -> Outcome<&str> {
        text(self.input_bytes(at, len)?)
    }
}

pub(crate) fn text(bytes: &[u8]) -> Outcome<&str> {
    std::str::from_utf8(bytes).map_err(|_| Failure::Misuse("text that is not UTF-8"))
}

pub(crate) fn as_bytes(words: &[u32]) -> &[u8] {
    // SAFETY: every byte of a `u32` is a `u8`, and the length is that of the words.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

/// Input beyond this is given back once it has been used.
const KEPT_INPUT: usize = 1 << 18;

/// Room for so many bytes of input. What was there before stays only if `len` is not larger.
#[unsafe(no_mangle)]
extern "C" fn input(len: usize) -> *mut u32 {
    call(std::ptr::null_mut(), |state| {
        let words = len.div_ceil(4);
        if state.input.capacity() > KEPT_INPUT && words <= KEPT_INPUT / 4 {
            state.input = Vec::new();
        }
        if state.input.len() < words {
            state.input.resize(words.max(1024), 0);
        }
        Ok(state.input.as_mut_ptr())
    })
}

/// Where the bytes of the last call are.
#[unsafe(no_mangle)]
extern "C" fn bytes() -> *const u8 {
    call(std::ptr::null(), |state| Ok(state.bytes.as_ptr()))
}

/// Puts the last error among the bytes and gives its length.
#[unsafe(no_mangle)]
extern "C" fn error() -> usize {
    call(0, |state| {
        state.bytes.clear();
        state.bytes.extend_from_slice(state.error.as_bytes());
        Ok(state.bytes.len())
    })
}
