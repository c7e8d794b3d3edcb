//! `fetch` of `tarbox js`, at a server on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::Workspace;

/// Answers until the tests end; its port.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, port));
        }
    });
    port
}

fn answer(mut stream: TcpStream, port: u16) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).ok()? > 2 {}
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let say = |stream: &mut TcpStream, status: &str, more: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\n{more}content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).ok()
    };
    match path {
        "/echo" => {
            let secret = head.contains("authorization: ");
            let text = format!("{method} {secret} {}", String::from_utf8_lossy(&body));
            say(
                &mut stream,
                "201 Created",
                "x-one: 1\r\nset-cookie: a\r\nset-cookie: b\r\n",
                text.as_bytes(),
            )
        }
        "/moved" => say(&mut stream, "302 Found", "location: /echo\r\n", b"gone"),
        "/away" => say(
            &mut stream,
            "307 Away",
            &format!("location: http://localhost:{port}/echo\r\n"),
            b"",
        ),
        "/circle" => say(&mut stream, "301 Round", "location: /circle\r\n", b""),
        "/slow" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
                .ok()?;
            // Until the other end has gone.
            stream.read(&mut [0; 1]).ok().map(drop)
        }
        "/cut" => stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            .ok(),
        "/large" => {
            let size: usize = 20 << 20;
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n").ok()?;
            (0..20)
                .try_for_each(|_| stream.write_all(&vec![b'x'; 1 << 20]))
                .ok()
        }
        _ => say(&mut stream, "404 Not Found", "", b"nothing"),
    }
}

#[test]
fn allowed_hosts_answer() {
    let w = Workspace::new();
    let port = server();
    let allowed = format!("127.0.0.1:{port}");
    let script = format!(
        "const at = (path) => 'http://127.0.0.1:{port}' + path
         const tell = (promise) => promise.then((value) => console.log(value), (e) => console.log(`${{e.name}}: ${{e.message}}`, e.cause?.code ?? ''))
         const r = await fetch(at('/echo#x'), {{ method: 'post', body: new URLSearchParams({{ a: 'ü' }}), headers: {{ authorization: 'x', 'content-length': '999' }} }})
         console.log(r.status, r.statusText, r.ok, r.url.endsWith('/echo'), r.headers.get('x-one'), r.headers.getSetCookie(), await r.text())
         const moved = await fetch(at('/moved'), {{ method: 'POST', body: 'lost' }})
         console.log(moved.redirected, await moved.text())
         console.log((await fetch(at('/moved'), {{ redirect: 'manual' }})).status)
         await tell(fetch(at('/moved'), {{ redirect: 'error' }}))
         await tell(fetch(at('/circle')))
         await tell(fetch(at('/away'), {{ headers: {{ authorization: 'x' }} }}))
         console.log((await fetch(at('/none'))).status)
         let bytes = 0
         for await (const piece of (await fetch(at('/large'))).body) bytes += piece.length
         console.log(bytes)
         const slow = await fetch(at('/slow'))
         const reader = slow.body.getReader()
         console.log(Buffer.from((await reader.read()).value).toString())
         await reader.cancel()
         const controller = new AbortController()
         const stopped = await fetch(at('/slow'), {{ signal: controller.signal }})
         setTimeout(() => controller.abort(), 20)
         await tell(stopped.text())
         await tell(fetch(at('/slow'), {{ signal: AbortSignal.abort(new RangeError('mine')) }}))
         await tell((await fetch(at('/cut'))).text())
         await tell(fetch('http://127.0.0.1:1/'))
         await tell(fetch('ftp://127.0.0.1/'))
         console.log(await (await fetch('data:,here')).text())
         const many = await Promise.all(Array.from({{ length: 30 }}, async (_, i) => (await fetch(at('/echo'), {{ method: 'PUT', body: `${{i}}` }})).text()))
         console.log(many.length, many[29])"
    );
    assert_eq!(w.feed(["write", "/f.mjs"], script.as_bytes()).code, 0);
    let said = w.ok([
        "js",
        "--allow-host",
        &allowed,
        "--allow-host",
        "127.0.0.1:1",
        "/f.mjs",
    ]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "201 Created true true 1 [ 'a', 'b' ] POST true a=%C3%BC",
            "true GET false ",
            "302",
            "TypeError: fetch failed ",
            "TypeError: fetch failed ",
            &format!(
                "TypeError: fetch failed: requests to localhost:{port} are not allowed (--allow-host localhost:{port} allows them) ERR_ACCESS_DENIED"
            ),
            "404",
            "20971520",
            "first",
            "AbortError: This operation was aborted ",
            "RangeError: mine ",
            "TypeError: terminated ECONNRESET",
            "TypeError: fetch failed ECONNREFUSED",
            "TypeError: fetch failed ",
            "here",
            "30 PUT false 29",
        ]
    );
}

#[test]
fn without_the_option_nobody_is_asked() {
    let w = Workspace::new();
    let port = server();
    let code = format!("fetch('http://127.0.0.1:{port}/echo')");
    let ran = w.run(["js", "-e", &code]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let named = format!("(--allow-host 127.0.0.1:{port} allows them)");
    assert!(ran.err.contains(&named), "{ran:?}");
    // The file beside the database allows as the option does.
    let config = format!("[wasi.http]\nallowed_hosts = [\"127.0.0.1:{port}\"]\nmax_body_mb = 1\n");
    std::fs::write(w.host("tarbox.toml"), config).unwrap();
    assert_eq!(
        w.ok([
            "js",
            "-e",
            &format!("{code}.then(async (r) => console.log(await r.text()))")
        ]),
        "GET false \n"
    );
    let large = format!(
        "fetch('http://127.0.0.1:{port}/large').then((r) => r.text()).catch((e) => console.log(e.cause.code))"
    );
    assert_eq!(w.ok(["js", "-e", &large]), "EMSGSIZE\n");
    let waits = w.run([
        "js",
        "--timeout",
        "0.3",
        "-e",
        &format!("fetch('http://127.0.0.1:{port}/slow').then((r) => r.text())"),
    ]);
    assert_eq!(waits.code, 124, "{waits:?}");
}
