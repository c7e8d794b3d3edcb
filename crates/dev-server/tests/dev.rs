//! What a browser gets, over a real socket.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use tarbox_dev_server::{Options, Server};

struct Running {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

fn start(directory: &Path, reload: bool) -> Running {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = Options {
        address: "127.0.0.1:0".parse().unwrap(),
        reload,
    };
    let server = runtime.block_on(Server::bind(directory, &options)).unwrap();
    let address = server.address();
    runtime.spawn(server.run(std::future::pending()));
    Running {
        address,
        _runtime: runtime,
    }
}

/// Sends a request as it is written and gives the whole answer.
fn ask(server: &Running, method: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let host = if headers.contains("Host:") {
        ""
    } else {
        "Host: localhost\r\n"
    };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\n{host}Connection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(server: &Running, path: &str) -> String {
    ask(server, "GET", path, "")
}

fn site() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    fs::create_dir_all(directory.path().join("site/sub dir")).unwrap();
    write("secret.txt", "not yours");
    write("site/index.html", "<h1>home</h1>");
    write("site/app.js", "export {}");
    write("site/module.wasm", "\0asm");
    write("site/data.bin", "0123456789");
    write("site/sub dir/<b>.txt", "listed");
    directory
}

#[test]
fn files_have_types_and_pages_are_isolated() {
    let directory = site();
    let server = start(&directory.path().join("site"), false);
    let page = get(&server, "/");
    assert!(
        page.starts_with("HTTP/1.1 200") && page.ends_with("<h1>home</h1>"),
        "{page}"
    );
    for header in [
        "cross-origin-opener-policy: same-origin",
        "cross-origin-embedder-policy: require-corp",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(page.contains(header), "{header} in {page}");
    }
    assert!(get(&server, "/app.js").contains("content-type: text/javascript; charset=utf-8"));
    assert!(get(&server, "/module.wasm").contains("content-type: application/wasm"));
    let missing = get(&server, "/missing");
    assert!(missing.starts_with("HTTP/1.1 404") && missing.contains("cross-origin-embedder-policy"));
}

#[test]
fn ranges_and_entity_tags_save_bytes() {
    let directory = site();
    let server = start(&directory.path().join("site"), true);
    let part = ask(&server, "GET", "/data.bin", "Range: bytes=2-4\r\n");
    assert!(
        part.starts_with("HTTP/1.1 206") && part.ends_with("\r\n\r\n234"),
        "{part}"
    );
    assert!(part.contains("content-range: bytes 2-4/10"));
    assert!(ask(&server, "GET", "/data.bin", "Range: bytes=20-\r\n").starts_with("HTTP/1.1 416"));
    let of_another = ask(
        &server,
        "GET",
        "/data.bin",
        "Range: bytes=2-4\r\nIf-Range: \"another\"\r\n",
    );
    assert!(of_another.starts_with("HTTP/1.1 200"));
    let head = ask(&server, "HEAD", "/data.bin", "");
    assert!(head.contains("content-length: 10") && head.ends_with("\r\n\r\n"));
    for path in ["/data.bin", "/index.html"] {
        let answer = get(&server, path);
        let tag = answer
            .lines()
            .find_map(|line| line.strip_prefix("etag: "))
            .unwrap();
        let again = ask(&server, "GET", path, &format!("If-None-Match: {tag}\r\n"));
        assert!(again.starts_with("HTTP/1.1 304"), "{again}");
    }
    fs::write(directory.path().join("site/data.bin"), "changed").unwrap();
    let tag = "If-None-Match: \"0-0\", W/\"1-1\"\r\n";
    assert!(ask(&server, "GET", "/data.bin", tag).ends_with("changed"));
}

#[test]
fn nothing_outside_is_served() {
    let directory = site();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.txt", directory.path().join("site/link.txt")).unwrap();
        std::os::unix::fs::symlink("..", directory.path().join("site/up")).unwrap();
    }
    let server = start(&directory.path().join("site"), false);
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/sub%20dir/../../secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "//../secret.txt",
        "/link.txt",
        "/up/secret.txt",
        "/up/",
        "/%00",
        "/%ff",
        "/index.html/",
    ] {
        let answer = get(&server, path);
        assert!(answer.starts_with("HTTP/1.1 40"), "{path}: {answer}");
        assert!(!answer.contains("not yours"), "{path}");
    }
    assert!(ask(&server, "POST", "/", "").starts_with("HTTP/1.1 405"));
    let foreign = ask(&server, "GET", "/", "Host: evil.example\r\n");
    assert!(foreign.starts_with("HTTP/1.1 421"), "{foreign}");
}

#[test]
fn directories_are_listed_without_trusting_names() {
    let directory = site();
    let server = start(&directory.path().join("site"), false);
    let redirected = get(&server, "/sub%20dir");
    assert!(redirected.contains("location: /sub%20dir/"), "{redirected}");
    let listing = get(&server, "/sub%20dir/");
    assert!(
        listing.contains("&lt;b>.txt") && !listing.contains("<b>"),
        "{listing}"
    );
    assert!(listing.contains("%3Cb%3E%2Etxt"));
}

#[test]
fn pages_hear_of_changes() {
    let directory = site();
    let root = directory.path().join("site");
    let server = start(&root, true);
    assert!(get(&server, "/").contains("<script type=\"module\" src=\"/.tarbox-dev/reload.js\">"));
    assert!(get(&server, "/.tarbox-dev/reload.js").contains("EventSource"));
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(
        stream,
        "GET /.tarbox-dev/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    // The stream is listening once its head has come.
    assert!(lines.by_ref().any(|line| line.contains("text/event-stream")));
    // Where the directory is on this machine is nobody's business: the path is that of a URL.
    for (file, told) in [
        ("app.js", "data: /app.js"),
        ("sub dir/<b>.txt", "data: /sub%20dir/%3Cb%3E.txt"),
    ] {
        fs::write(root.join(file), "changed").unwrap();
        let is_told = |line: String| {
            assert!(!line.contains(&*root.to_string_lossy()), "{line}");
            line == told
        };
        assert!(lines.any(is_told), "{told}");
    }
}
