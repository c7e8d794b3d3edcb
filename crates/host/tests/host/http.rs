//! `wasi:http`: requests to named hosts alone, each within its bounds.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tarbox_host::{HttpAccess, Limit, RunError};

use crate::guests::{self, Target};
use crate::run::{Ended, Workspace};

/// A server that answers each connection's only request, and keeps what was asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || answer(stream.unwrap(), port, &seen));
            }
        });
        Self { port, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// The request lines and hosts so far.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, port: u16, asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let host = head.lines().find(|line| line.starts_with("host: ")).unwrap();
    let line = head.lines().next().unwrap();
    asked.lock().unwrap().push(format!("{line}, {host}"));
    let answer = match line.split(' ').nth(1).unwrap() {
        "/away" => format!("302 Found\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n"),
        "/on" => format!("302 Found\r\nlocation: http://LOCALHOST:{port}/\r\ncontent-length: 0\r\n\r\n"),
        "/silent" => {
            // Until the program goes away.
            let _ = stream.read(&mut byte);
            return;
        }
        "/stalls" => "200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_owned(),
        "/large" => format!("200 OK\r\n\r\n{}", "x".repeat(100_000)),
        "/body" => {
            let mut rest = [0; 4096];
            let mut len = 0;
            // Chunked: the last one is empty.
            loop {
                match stream.read(&mut rest) {
                    Ok(0) | Err(_) => return,
                    Ok(read) if rest[..read].ends_with(b"0\r\n\r\n") => break,
                    Ok(read) => len += read,
                }
            }
            assert!(len >= 1000, "{len}");
            "204 No Content\r\n\r\n".to_owned()
        }
        _ => "200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned(),
    };
    let _ = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes());
    if line.contains("/stalls") {
        let _ = stream.read(&mut byte);
    }
}

/// Runs the guest with access to these hosts.
fn fetch(hosts: &[&str], change: impl FnOnce(&mut HttpAccess), args: &[&str]) -> Ended {
    fetch_by("fetch", Target::P2, hosts, change, args)
}

/// Runs this guest.
fn fetch_by(
    guest: &str,
    target: Target,
    hosts: &[&str],
    change: impl FnOnce(&mut HttpAccess),
    args: &[&str],
) -> Ended {
    let workspace = Workspace::new();
    let mut options = workspace.options();
    options.args = args.iter().map(|arg| arg.to_string()).collect();
    options.http.hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
    change(&mut options.http);
    workspace.run_with(&guests::program(guest, target), options)
}

/// What the guest of WASI 0.3 prints.
fn printed_by_p3(hosts: &[&str], change: impl FnOnce(&mut HttpAccess), url: &str) -> String {
    fetch_by("guest_p3_fetch", Target::P3, hosts, change, &[url]).printed()
}

fn printed(hosts: &[&str], args: &[&str]) -> String {
    fetch(hosts, |_| (), args).printed()
}

const DENIED: &str = "ErrorCode::HttpRequestDenied\n";

#[test]
fn a_named_host_answers_and_without_one_nobody_is_asked() {
    let server = Server::start();
    let url = server.url("/?q=1");
    assert_eq!(printed(&[], &["get", &url]), DENIED);
    assert_eq!(server.asked(), [""; 0]);
    let host = format!("LocalHost.:{}", server.port);
    assert_eq!(printed(&[&host], &["get", &url]), "200, 5 bytes\n");
    let shouted = format!("http://LOCALHOST.:{}/", server.port);
    assert_eq!(printed(&[&host], &["get", &shouted]), "200, 5 bytes\n");
    let host = format!("host: localhost:{}", server.port);
    assert_eq!(
        server.asked(),
        [
            format!("get /?q=1 http/1.1, {host}"),
            format!("get / http/1.1, {host}")
        ]
    );
}

#[test]
fn other_hosts_and_ports_are_denied() {
    let server = Server::start();
    let (host, port) = (format!("localhost:{}", server.port), server.port);
    let other = Server::start();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://localhost:{}/", other.port),
        "http://localhost/".to_owned(),
        "https://localhost/".to_owned(),
        format!("http://sub.localhost:{port}/"),
        format!("http://localhost:{port}@127.0.0.1:{}/", other.port),
        format!("http://xn--lcalhost-n4a:{port}/"),
    ] {
        let printed = printed(&[&host, "*.example.org"], &["get", &url]);
        assert!(printed.ends_with(DENIED), "{url}: {printed}");
    }
    assert_eq!((server.asked().len(), other.asked().len()), (0, 0));
}

#[test]
fn a_redirect_leads_to_named_hosts_alone() {
    let server = Server::start();
    let host = format!("localhost:{}", server.port);
    let denied = format!("302, 0 bytes\n{DENIED}");
    assert_eq!(printed(&[&host], &["get", &server.url("/away")]), denied);
    let followed = printed(&[&host], &["get", &server.url("/on")]);
    assert_eq!(followed, "302, 0 bytes\n200, 5 bytes\n");
}

#[test]
fn bodies_have_a_bound() {
    let server = Server::start();
    let host = format!("localhost:{}", server.port);
    let bounded = |args: &[&str]| fetch(&[&host], |access| access.body = 50_000, args).printed();
    let large = bounded(&["get", &server.url("/large")]);
    // Wasmtime tells no code for what fails in the middle of a body.
    assert!(
        large.starts_with("200, then HTTP response body size exceeds limit: 50000 bytes"),
        "{large}"
    );
    assert_eq!(bounded(&["put", "40000", &server.url("/body")]), "204\n");
    let refused = bounded(&["put", "60000", &server.url("/body")]);
    assert_eq!(refused, "ErrorCode::HttpRequestBodySize(Some(50000))\n");
    let whole = printed(&[&host], &["get", &server.url("/large")]);
    assert_eq!(whole, "200, 100000 bytes\n");
}

#[test]
fn connections_have_a_bound_and_come_back() {
    let server = Server::start();
    let host = format!("localhost:{}", server.port);
    let url = server.url("/stalls");
    let ok = server.url("/");
    let few = |access: &mut HttpAccess| {
        access.connections = 2;
        access.patience = Duration::from_millis(300);
    };
    let printed = fetch(&[&host], few, &["hold", &ok, &url, &url, &url]).printed();
    let limited = printed.matches("ErrorCode::ConnectionLimitReached").count();
    // The first response may have come to its end meanwhile, which makes room for another.
    assert!((1..=2).contains(&limited), "{printed}");
    assert!(printed.ends_with("200, 5 bytes\n"), "{printed}");
}

#[test]
fn who_is_silent_is_not_waited_for() {
    let server = Server::start();
    let host = format!("localhost:{}", server.port);
    let brief = Duration::from_millis(200);
    let silent = fetch(&[&host], |a| a.duration = brief, &["get", &server.url("/silent")]).printed();
    assert!(
        silent.contains("ResponseTimeout") || silent.contains("ReadTimeout"),
        "{silent}"
    );
    let stalls = fetch(&[&host], |a| a.patience = brief, &["get", &server.url("/stalls")]).printed();
    assert!(
        stalls.starts_with("200, then connection read timeout"),
        "{stalls}"
    );
    let slow = fetch(
        &[&host],
        |a| a.duration = 5 * brief,
        &["get", &server.url("/stalls")],
    )
    .printed();
    assert!(slow.starts_with("200, then "), "{slow}");
}

#[test]
fn a_time_limit_ends_a_program_that_waits_for_a_host() {
    let server = Server::start();
    let workspace = Workspace::new();
    let mut options = workspace.options();
    options.args = vec!["get".into(), server.url("/silent")];
    options.http.hosts = vec![format!("localhost:{}", server.port).parse().unwrap()];
    options.limits.timeout = Some(Duration::from_millis(500));
    let ended = workspace.run_with(&guests::program("fetch", Target::P2), options);
    let limit = Limit::Time(Duration::from_millis(500));
    assert!(
        matches!(&ended.status, Err(RunError::Limit { limit: is, .. }) if *is == limit),
        "{ended:?}"
    );
}

#[test]
fn nobody_there_is_an_error_of_the_connection() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let (host, url) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}/"));
    assert_eq!(
        printed(&[&host], &["get", &url]),
        "ErrorCode::ConnectionRefused\n"
    );
    // Not HTTP at all.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (host, url) = (
        listener.local_addr().unwrap().to_string(),
        format!("http://{}/", listener.local_addr().unwrap()),
    );
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"\x00\x01 nonsense\r\n\r\n");
    });
    let printed = printed(&[&host], &["get", &url]);
    assert!(printed.starts_with("ErrorCode::Http"), "{printed}");
}

#[test]
fn programs_of_0_3_have_the_same_rules() {
    let server = Server::start();
    let host = format!("localhost:{}", server.port);
    let denied = printed_by_p3(&[], |_| (), &server.url("/"));
    assert_eq!((denied.as_str(), server.asked().len()), (DENIED, 0));
    let other = format!("http://127.0.0.1:{}/", server.port);
    assert_eq!(printed_by_p3(&[&host], |_| (), &other), DENIED);
    assert_eq!(
        printed_by_p3(&[&host], |_| (), &server.url("/")),
        "200, 5 bytes\n"
    );
    // Redirects are the program's affair, and it follows none.
    assert_eq!(
        printed_by_p3(&[&host], |_| (), &server.url("/away")),
        "302, 0 bytes\n"
    );
    let bounded = printed_by_p3(&[&host], |access| access.body = 50_000, &server.url("/large"));
    assert!(
        bounded.contains("bytes, then ErrorCode::HttpResponseBodySize(Some(50000))"),
        "{bounded}"
    );
    let brief = Duration::from_millis(200);
    let silent = printed_by_p3(&[&host], |access| access.duration = brief, &server.url("/silent"));
    assert!(silent.contains("Timeout"), "{silent}");
}

/// What a client says first to somebody who ends the handshake, and where.
fn tls_greeting(answer: &'static [u8]) -> (u16, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let greeted = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut greeting = vec![0; 5];
        stream.read_exact(&mut greeting).unwrap();
        let len = usize::from(u16::from_be_bytes([greeting[3], greeting[4]]));
        greeting.resize(5 + len, 0);
        stream.read_exact(&mut greeting[5..]).unwrap();
        stream.write_all(answer).unwrap();
        greeting
    });
    (port, greeted)
}

#[test]
fn over_tls_the_host_is_named_and_nothing_is_said_before_it_is_known() {
    /// An alert: the handshake failed.
    const REFUSED: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
    /// Not TLS at all.
    const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    for answer in [REFUSED, PLAIN] {
        for target in [Target::P2, Target::P3] {
            let (port, greeted) = tls_greeting(answer);
            let (host, url) = (
                format!("localhost:{port}"),
                format!("https://localhost:{port}/secret"),
            );
            let printed = match target {
                Target::P3 => printed_by_p3(&[&host], |_| (), &url),
                _ => printed(&[&host], &["get", &url]),
            };
            assert_eq!(printed, "ErrorCode::TlsProtocolError\n", "{target:?}");
            let greeting = greeted.join().unwrap();
            // A handshake that begins with the client's greeting, which names the host.
            assert_eq!((greeting[0], greeting[5]), (22, 1));
            let has = |text: &[u8]| greeting.windows(text.len()).any(|part| part == text);
            assert!(has(b"localhost") && !has(b"secret"));
        }
    }
}
