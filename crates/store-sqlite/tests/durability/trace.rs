//! Reading what `strace -f -y` writes.

use std::collections::HashMap;

/// A call that has returned.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) thread: u32,
    call: String,
    /// The file of its descriptor.
    pub(crate) path: String,
    arguments: String,
    /// The lines at which it began and returned.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Event {
    pub(crate) fn is_sync(&self) -> bool {
        matches!(
            self.call.as_str(),
            "fdatasync" | "fsync" | "sync_file_range" | "msync"
        )
    }

    pub(crate) fn is_write(&self) -> bool {
        matches!(self.call.as_str(), "pwrite64" | "pwritev" | "write" | "writev")
            && self.path.contains("t.db")
    }

    fn mark(&self) -> Option<&str> {
        let (_, rest) = self.arguments.split_once("\"mark: ")?;
        rest.split_once("\\n\"").map(|(mark, _)| mark)
    }
}

/// All calls in the order of their returns, and the thread that set the marks.
pub(crate) struct Trace {
    events: Vec<Event>,
    pub(crate) main: u32,
}

impl Trace {
    pub(crate) fn parse(text: &str) -> Self {
        let mut events = Vec::new();
        let mut unfinished: HashMap<u32, (String, usize)> = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            let Some((thread, rest)) = line.split_once(' ') else {
                continue;
            };
            let Ok(thread) = thread.parse::<u32>() else {
                continue;
            };
            let rest = rest.trim_start();
            if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
                unfinished.insert(thread, (begun.to_owned(), number));
            } else if let Some(resumed) = rest.strip_prefix("<... ") {
                let Some((begun, start)) = unfinished.remove(&thread) else {
                    continue;
                };
                let tail = resumed.split_once("resumed>").map_or("", |(_, tail)| tail);
                events.extend(event(thread, &format!("{begun}{tail}"), start, number));
            } else {
                events.extend(event(thread, rest, number, number));
            }
        }
        let main = events
            .iter()
            .find(|e| e.mark().is_some())
            .expect("the child sets marks")
            .thread;
        Self { events, main }
    }

    /// What was under way between two marks: begun before the second, returned after the first.
    pub(crate) fn between(&self, from: &str, to: &str) -> Vec<&Event> {
        let at = |mark: &str| {
            let found = self.events.iter().find(|e| e.mark() == Some(mark));
            found.unwrap_or_else(|| panic!("there is no mark '{mark}'"))
        };
        let (from, to) = (at(from).end, at(to).start);
        let within = |e: &&Event| e.start > from && e.end < to && e.mark().is_none();
        self.events.iter().filter(within).collect()
    }
}

/// `name(3</path>, …) = 0`; nothing for signals, exits and failed calls.
fn event(thread: u32, text: &str, start: usize, end: usize) -> Option<Event> {
    let (call, arguments) = text.split_once('(')?;
    let (arguments, result) = arguments.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    let path = arguments
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    Some(Event {
        thread,
        call: call.to_owned(),
        path: path.map_or("", |(path, _)| path).to_owned(),
        arguments: arguments.to_owned(),
        start,
        end,
    })
}
