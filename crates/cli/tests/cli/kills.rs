//! The server killed again and again under load, and its clients: what was acknowledged is there, what was not is whole or absent.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::mpsc::{Sender, channel};

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::serve::{Serving, serve};
use crate::support::{Workspace, put};

/// Clients at once.
const WORKERS: usize = 4;

/// How often something is killed.
fn rounds() -> u64 {
    match std::env::var_os("TARBOX_LONG") {
        Some(_) => 100,
        None => 4,
    }
}

/// One change, as a client asks for it.
#[derive(Debug, Clone)]
enum Deed {
    Put(String, Vec<u8>),
    /// Two new files with one content, as one step.
    Batch([String; 2], String),
    Append(String),
    Rename(String, String),
}

/// A client with a directory of its own, and what is in it by all that it was told.
struct Worker {
    number: usize,
    key: String,
    dir: String,
    ino: u64,
    files: BTreeMap<String, Vec<u8>>,
    random: u64,
    count: u64,
    /// What there was no answer to.
    open: Option<Deed>,
}

impl Worker {
    fn new(number: usize, key: &str, port: u16) -> Self {
        let dir = format!("/w{number}");
        let mut worker = Self {
            number,
            key: key.to_owned(),
            dir,
            ino: 0,
            files: BTreeMap::new(),
            random: 1 + number as u64,
            count: 0,
            open: None,
        };
        let made = json!({"path": worker.dir}).to_string();
        let made = worker.ask(port, "POST", "directories/default", "", made.as_bytes());
        assert_eq!(made.unwrap().status, 201);
        let target = format!("attributes/default?path={}", worker.dir);
        let attributes = worker.ask(port, "GET", &target, "", b"").unwrap();
        let attributes: Value = serde_json::from_slice(&attributes.body).unwrap();
        worker.ino = attributes["inode"].as_u64().unwrap();
        worker
    }

    fn ask(&self, port: u16, method: &str, target: &str, head: &str, body: &[u8]) -> Option<Answer> {
        let request = Request {
            key: &self.key,
            method,
            target,
            head,
            body,
        };
        request.send(port)
    }

    /// A number below a bound: the same ones each time.
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    fn next(&mut self) -> Deed {
        self.count += 1;
        let count = self.count;
        match self.below(8) {
            0..3 => {
                let name = format!("f{}", self.below(6));
                let len = [10, 5_000, 200_000, 1_500_000][self.below(4) as usize];
                let byte = self.below(256) as u8;
                Deed::Put(name, vec![byte; len + count as usize % 7])
            }
            3 => Deed::Batch([0, 1].map(|i| format!("b{count}-{i}")), format!("both {count}")),
            4 | 5 => Deed::Append(format!("{count};")),
            _ => {
                let at = self.below(6);
                let (from, to) = (format!("f{at}"), format!("g{at}"));
                match self.files.contains_key(&from) {
                    true => Deed::Rename(from, to),
                    false => Deed::Append(format!("{count};")),
                }
            }
        }
    }

    /// Asks for a change; with the same number it is the same request.
    fn perform(&self, port: u16, deed: &Deed) -> Option<Answer> {
        let once = format!("idempotency-key: {}-{}\r\n", self.number, self.count);
        let file = |name: &str| format!("files/default?path={}/{name}", self.dir);
        match deed {
            Deed::Put(name, content) => self.ask(port, "PUT", &file(name), &once, content),
            Deed::Append(line) => self.ask(port, "PATCH", &file("log"), &once, line.as_bytes()),
            Deed::Rename(from, to) => {
                let body =
                    json!({"from": format!("{}/{from}", self.dir), "to": format!("{}/{to}", self.dir)});
                self.ask(port, "POST", "rename/default", &once, body.to_string().as_bytes())
            }
            Deed::Batch(names, content) => {
                let calls = names.iter().enumerate().flat_map(|(at, name)| {
                    [
                        json!({"create": {"dir": self.ino, "name": name, "kind": "file", "mode": 420, "uid": 0, "gid": 0}}),
                        json!({"write": {"ino": {"answer": 2 * at}, "at": "end", "data": content}}),
                    ]
                });
                let body = json!({"atomic": true, "durable": true, "calls": calls.collect::<Vec<_>>()});
                let head = "content-type: application/json\r\n";
                let body = body.to_string();
                self.ask(port, "POST", "tenants/default/ops", head, body.as_bytes())
            }
        }
    }

    /// What is there once a change is made.
    fn after(&self, deed: &Deed) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        match deed {
            Deed::Put(name, content) => drop(files.insert(name.clone(), content.clone())),
            Deed::Append(line) => files
                .entry("log".to_owned())
                .or_default()
                .extend_from_slice(line.as_bytes()),
            Deed::Rename(from, to) => {
                let content = files.remove(from).unwrap();
                files.insert(to.clone(), content);
            }
            Deed::Batch(names, content) => {
                files.extend(
                    names
                        .iter()
                        .map(|name| (name.clone(), content.clone().into_bytes())),
                );
            }
        }
        files
    }

    /// Goes on until the server is gone.
    fn work(mut self, port: u16, done: &Sender<()>) -> Self {
        loop {
            let deed = self.next();
            let Some(answer) = self.perform(port, &deed) else {
                self.open = Some(deed);
                return self;
            };
            assert!(matches!(answer.status, 200 | 201 | 204), "{deed:?}: {answer:?}");
            self.files = self.after(&deed);
            // Nobody counts any more.
            let _ = done.send(());
        }
    }

    /// What is in the directory. Files that were not whole yet are nothing.
    fn there(&self, port: u16) -> BTreeMap<String, Vec<u8>> {
        let target = format!("directories/default?limit=10000&path={}", self.dir);
        let page = self.ask(port, "GET", &target, "", b"").unwrap();
        let page: Value = serde_json::from_slice(&page.body).unwrap();
        let names = page["entries"].as_array().unwrap().iter();
        let names = names.map(|entry| entry["name"].as_str().unwrap());
        let whole = names.filter(|name| !name.ends_with(".unfinished"));
        let read = |name: &str| {
            let target = format!("files/default?path={}/{name}", self.dir);
            let answer = self.ask(port, "GET", &target, "", b"").unwrap();
            assert_eq!(answer.status, 200);
            (name.to_owned(), answer.body)
        };
        whole.map(read).collect()
    }

    /// Compares what is there with what has to be, and asks again for what had no answer.
    fn check(&mut self, port: u16) {
        let there = self.there(port);
        let Some(deed) = self.open.take() else {
            assert_same(&there, &self.files);
            return;
        };
        let after = self.after(&deed);
        let made = there == after;
        if !made {
            assert_same(&there, &self.files);
        }
        let answer = self.perform(port, &deed).unwrap();
        match (&deed, made) {
            // It has no key: its names are taken.
            (Deed::Batch(..), true) => assert_eq!(answer.status, 200),
            (_, true) => assert_eq!(
                (answer.status, &*answer.code()),
                (409, "ALREADY_MADE"),
                "{deed:?}"
            ),
            (_, false) => assert!(matches!(answer.status, 200 | 201 | 204), "{deed:?}: {answer:?}"),
        }
        assert_same(&self.there(port), &after);
        self.files = after;
    }
}

#[track_caller]
fn assert_same(there: &BTreeMap<String, Vec<u8>>, wanted: &BTreeMap<String, Vec<u8>>) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(there), names(wanted));
    for (name, content) in wanted {
        assert!(
            there[name] == *content,
            "{name}: {} bytes in the place of {}",
            there[name].len(),
            content.len()
        );
    }
}

#[test]
fn a_killed_server_loses_and_repeats_nothing() {
    let w = Workspace::new();
    let key = w.object(["key", "create", "--as", "0:0"])["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut serving = serve(&w);
    let mut workers: Vec<Worker> = (0..WORKERS)
        .map(|number| Worker::new(number, &key, serving.port))
        .collect();
    for round in 0..rounds() {
        let (port, (done, count)) = (serving.port, channel());
        let working: Vec<_> = workers
            .into_iter()
            .map(|worker| {
                let done = done.clone();
                std::thread::spawn(move || worker.work(port, &done))
            })
            .collect();
        drop(done);
        // Killed in the middle of it, elsewhere each time.
        for _ in 0..10 + round * 7 % 30 {
            count.recv().unwrap();
        }
        serving.kill();
        workers = working.into_iter().map(|worker| worker.join().unwrap()).collect();
        w.check();
        serving = serve(&w);
        for worker in &mut workers {
            worker.check(serving.port);
        }
    }
    serving.stop();
    w.check();
}

/// The bytes of a file of a tree.
fn content(number: usize) -> Vec<u8> {
    let len = if number % 20 == 19 {
        2_000_000
    } else {
        100 + number * 97
    };
    (0..len).map(|at| (at * 7 + number) as u8).collect()
}

/// The round of a whole line.
#[track_caller]
fn number(line: &str) -> u64 {
    let round = line.strip_prefix("line ").and_then(|rest| rest.strip_suffix(';'));
    round
        .and_then(|round| round.parse().ok())
        .unwrap_or_else(|| panic!("half a line: {line:?}"))
}

fn files_below(serving: &Serving, key: &str, dir: &str) -> Vec<(String, u64)> {
    let target = format!("directories/default?limit=10000&path={dir}");
    let request = Request {
        key,
        method: "GET",
        target: &target,
        head: "",
        body: b"",
    };
    let answer = request.send(serving.port).unwrap();
    let page: Value = serde_json::from_slice(&answer.body).unwrap();
    let entries = page["entries"].as_array().into_iter().flatten();
    let entry = |entry: &Value| {
        (
            entry["name"].as_str().unwrap().to_owned(),
            entry["size"].as_u64().unwrap(),
        )
    };
    entries.map(entry).collect()
}

#[test]
fn a_killed_client_leaves_nothing_in_pieces() {
    const FILES: usize = 60;
    let here = Workspace::new();
    let key = here.object(["key", "create", "--as", "0:0"])["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let serving = serve(&here);
    let url = format!("http://127.0.0.1:{}/?tenant=default", serving.port);
    let afar = Workspace::on_a_server(url).with("TARBOX_API_KEY", &key);
    for number in 0..FILES {
        put(&afar.host(&format!("tree/{number}")), &content(number));
    }
    let mut acknowledged = Vec::new();
    for round in 0..rounds() {
        let dir = format!("/t{round}");
        let mut import = afar.command();
        import
            .args(["import", "tree", &dir])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = import.spawn().unwrap();
        let until = 1 + round as usize * 11 % (FILES - 10);
        while files_below(&serving, &key, &dir).len() < until && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, size) in files_below(&serving, &key, &dir) {
            let Ok(number) = name.parse() else {
                assert!(name.ends_with(".unfinished"), "{name}");
                continue;
            };
            let whole = content(number);
            // Of a small one the name comes first.
            assert!(
                size == whole.len() as u64 || size == 0 && size < 1 << 20,
                "{name}: {size}"
            );
            if size > 0 {
                let read = afar.run(["cat", &format!("{dir}/{name}")]);
                assert!(read.out == whole, "{name}");
            }
        }
        // Whoever comes next can end it.
        afar.ok(["import", "--force", "tree", &dir]);
        let there = files_below(&serving, &key, &dir);
        for number in 0..FILES {
            let wanted = (number.to_string(), content(number).len() as u64);
            assert!(there.contains(&wanted), "{wanted:?}");
        }
        // One that writes a line ends after it, or before.
        let line = format!("line {round};");
        let mut append = afar.command();
        append
            .args(["append", "/log"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = append.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), line.as_bytes()).unwrap();
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            acknowledged.push(line);
        }
        let read = afar.run(["cat", "/log"]);
        let lines: Vec<_> = std::str::from_utf8(&read.out)
            .unwrap()
            .split_inclusive(';')
            .collect();
        let rounds: Vec<u64> = lines.iter().map(|line| number(line)).collect();
        assert!(rounds.is_sorted_by(|one, next| one < next), "{lines:?}");
        assert!(
            acknowledged.iter().all(|line| lines.contains(&&**line)),
            "{lines:?}"
        );
    }
    drop(serving);
    here.check();
}
