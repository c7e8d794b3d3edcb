//! Clients at once, whose connections are cut and whose server is killed: what they see is as if one had done everything after the
//! other, each once. Histories are recorded over real sockets, and judged by the tester of `stateright`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use serde_json::json;
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

use crate::http::{Answer, Request};
use crate::serve::serve;
use crate::support::Workspace;

const CLIENTS: u64 = 4;
/// Operations of each in one history.
const LENGTH: u64 = 9;

/// How many histories are judged.
fn rounds() -> u64 {
    match std::env::var_os("TARBOX_LONG") {
        Some(_) => 150,
        None => 8,
    }
}

/// What is done to two files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Op {
    Read(usize),
    Put(usize, u8),
    /// Only if nothing is there.
    Make(usize, u8),
    Append(usize, u8),
    /// To the other name, if nothing is there.
    Move(usize),
    Remove(usize),
}

/// What it came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Outcome {
    Content(Option<Vec<u8>>),
    Done,
    Refused,
    At(usize),
    /// It was done, and what it answered is not known.
    Lost,
}

/// The two files, as they ought to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Files([Option<Vec<u8>>; 2]);

impl SequentialSpec for Files {
    type Op = Op;
    type Ret = Outcome;

    fn invoke(&mut self, op: &Op) -> Outcome {
        let files = &mut self.0;
        match *op {
            Op::Read(at) => Outcome::Content(files[at].clone()),
            Op::Put(at, byte) => {
                files[at] = Some(vec![byte]);
                Outcome::Done
            }
            Op::Make(at, _) if files[at].is_some() => Outcome::Refused,
            Op::Make(at, byte) => {
                files[at] = Some(vec![byte]);
                Outcome::Done
            }
            Op::Append(at, byte) => {
                let content = files[at].get_or_insert_default();
                content.push(byte);
                Outcome::At(content.len() - 1)
            }
            Op::Move(at) if files[at].is_none() || files[1 - at].is_some() => Outcome::Refused,
            Op::Move(_) => {
                files.swap(0, 1);
                Outcome::Done
            }
            Op::Remove(at) => match files[at].take() {
                Some(_) => Outcome::Done,
                None => Outcome::Refused,
            },
        }
    }

    fn is_valid_step(&mut self, op: &Op, outcome: &Outcome) -> bool {
        match (self.invoke(op), outcome) {
            (Outcome::Refused, Outcome::Lost) => false,
            (_, Outcome::Lost) => true,
            (expected, outcome) => expected == *outcome,
        }
    }
}

/// Passes bytes to whatever port the server has, and cuts some connections: before the request, within the answer, or behind it.
struct Proxy {
    port: u16,
    server: Arc<AtomicU16>,
    count: Arc<AtomicU64>,
}

impl Proxy {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            server: Arc::default(),
            count: Arc::default(),
        };
        let (server, count) = (proxy.server.clone(), proxy.count.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (server, count) = (server.load(Ordering::SeqCst), count.clone());
                std::thread::spawn(move || {
                    pass(client.ok()?, server, mix(count.fetch_add(1, Ordering::SeqCst)))
                });
            }
        });
        proxy
    }
}

fn pass(mut client: TcpStream, server: u16, random: u64) -> Option<()> {
    let mut server = TcpStream::connect(("127.0.0.1", server)).ok()?;
    let (mut up, mut from_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
    if random.is_multiple_of(11) {
        return None;
    }
    std::thread::spawn(move || std::io::copy(&mut from_client, &mut up));
    // The server ends the connection behind its answer.
    let mut answer = Vec::new();
    let read = server.read_to_end(&mut answer);
    let shown = match random % 5 {
        0 => (random >> 8) as usize % (answer.len() + 1),
        _ => answer.len(),
    };
    let _ = client.write_all(&answer[..shown]);
    let _ = client.shutdown(std::net::Shutdown::Both);
    read.ok().map(drop)
}

fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// Who sends a request until there is an answer.
struct Client<'a> {
    port: u16,
    key: &'a str,
    round: u64,
    number: u64,
}

impl Client<'_> {
    fn path(&self, at: usize) -> String {
        format!("/{}-{at}", self.round)
    }

    fn perform(&self, op: &Op, count: u64) -> Outcome {
        let once = format!("idempotency-key: {}-{}-{count}\r\n", self.round, self.number);
        let file = |at| format!("files/default?path={}", self.path(at));
        let answer = match *op {
            // What others are not sure of yet may go with the server.
            Op::Read(at) => self.ask("GET", &format!("{}&durability=durable", file(at)), "", b""),
            Op::Put(at, byte) => self.ask("PUT", &file(at), &once, &[byte]),
            Op::Make(at, byte) => self.ask("PUT", &file(at), &format!("{once}if-none-match: *\r\n"), &[byte]),
            Op::Append(at, byte) => self.ask("PATCH", &file(at), &once, &[byte]),
            Op::Move(at) => {
                let body = json!({"from": self.path(at), "to": self.path(1 - at), "mode": "no-replace"});
                self.ask("POST", "rename/default", &once, body.to_string().as_bytes())
            }
            Op::Remove(at) => self.ask("DELETE", &file(at), &once, b""),
        };
        match (op, answer.status, &*answer.code()) {
            (Op::Read(_), 200, _) => Outcome::Content(Some(answer.body)),
            (Op::Read(_), 404, _) => Outcome::Content(None),
            (_, 409, "ALREADY_MADE") => Outcome::Lost,
            (Op::Append(..), 201 | 204, _) => {
                Outcome::At(answer.field("tarbox-offset").unwrap().parse().unwrap())
            }
            (_, 201 | 204, _) => Outcome::Done,
            (Op::Make(..), 412, _) | (Op::Move(_), 409, "EEXIST") => Outcome::Refused,
            (Op::Move(_) | Op::Remove(_), 404, _) => Outcome::Refused,
            _ => panic!("{op:?}: {answer:?}"),
        }
    }

    fn ask(&self, method: &str, target: &str, head: &str, body: &[u8]) -> Answer {
        let request = Request {
            key: self.key,
            method,
            target,
            head,
            body,
        };
        loop {
            match request.send(self.port) {
                // The first one of the kind is still being answered.
                Some(answer) if answer.code() == "IN_FLIGHT" => {}
                Some(answer) => return answer,
                // Cut, or between two servers.
                None => std::thread::yield_now(),
            }
        }
    }
}

fn choose(random: u64, byte: u8) -> Op {
    let at = (random >> 8) as usize % 2;
    match random % 10 {
        0..3 => Op::Read(at),
        3 => Op::Put(at, byte),
        4 => Op::Make(at, byte),
        5..8 => Op::Append(at, byte),
        8 => Op::Move(at),
        _ => Op::Remove(at),
    }
}

#[test]
fn the_tester_knows_what_cannot_be() {
    let judge = |history: &[(u64, Option<Op>, Option<Outcome>)]| {
        let mut tester = LinearizabilityTester::new(Files::default());
        for (client, op, outcome) in history.iter().cloned() {
            match (op, outcome) {
                (Some(op), _) => drop(tester.on_invoke(client, op).unwrap()),
                (None, Some(outcome)) => drop(tester.on_return(client, outcome).unwrap()),
                (None, None) => {}
            }
        }
        tester.is_consistent()
    };
    let read = |content: Option<&[u8]>| Some(Outcome::Content(content.map(<[u8]>::to_vec)));
    let append = || (1, Some(Op::Append(0, 7)), None);
    let seen = |content| [(2, Some(Op::Read(0)), None), (2, None, read(content))];
    let at = |at| (1, None, Some(Outcome::At(at)));
    assert!(judge(&[&[append(), at(0)][..], &seen(Some(&[7]))].concat()));
    // Done twice, lost, at another place, seen and then gone.
    assert!(!judge(&[&[append(), at(0)][..], &seen(Some(&[7, 7]))].concat()));
    assert!(!judge(&[&[append(), at(0)][..], &seen(None)].concat()));
    assert!(!judge(&[append(), at(1)]));
    assert!(!judge(
        &[&[append()][..], &seen(Some(&[7])), &seen(None)].concat()
    ));
    let lost = (1, None, Some(Outcome::Lost));
    assert!(judge(
        &[&[append(), lost.clone()][..], &seen(Some(&[7]))].concat()
    ));
    assert!(!judge(&[&[append(), lost][..], &seen(None)].concat()));
}

#[test]
fn clients_see_one_order_whatever_breaks() {
    let w = Workspace::new();
    let key = w.object(["key", "create", "--as", "0:0"])["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let proxy = Proxy::new();
    let mut serving = serve(&w);
    proxy.server.store(serving.port, Ordering::SeqCst);
    for round in 0..rounds() {
        let tester = Mutex::new(LinearizabilityTester::new(Files::default()));
        let (answered, answers) = channel();
        std::thread::scope(|scope| {
            for number in 0..CLIENTS {
                let client = Client {
                    port: proxy.port,
                    key: &key,
                    round,
                    number,
                };
                let (tester, answered) = (&tester, answered.clone());
                scope.spawn(move || {
                    for count in 0..LENGTH {
                        let random = mix(round << 20 | number << 10 | count);
                        let op = choose(random, (number * LENGTH + count) as u8);
                        tester.lock().unwrap().on_invoke(number, op.clone()).unwrap();
                        let outcome = client.perform(&op, count);
                        tester.lock().unwrap().on_return(number, outcome).unwrap();
                        answered.send(()).unwrap();
                    }
                });
            }
            // Twice in a history, the server is killed and another one begins.
            for kill in 1..3 {
                for _ in 0..CLIENTS * LENGTH / 3 + mix(round << 2 | kill) % 5 - 2 {
                    answers.recv().unwrap();
                }
                serving.kill();
                serving = serve(&w);
                proxy.server.store(serving.port, Ordering::SeqCst);
            }
        });
        let tester = tester.into_inner().unwrap();
        assert!(tester.is_consistent(), "{round}: {tester:#?}");
    }
    drop(serving);
    w.check();
}
