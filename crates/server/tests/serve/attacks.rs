//! What must not get through.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;

use crate::support::*;

/// Sends bytes as they are, and answers the first line of what comes back.
fn raw(w: &World<impl Sized>, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(w.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that has seen enough may close before all is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_are_none_are_refused() {
    let w = world().await;
    for (path, status, code) in [
        ("/a%00b", 400, "EINVAL"),
        ("", 404, "ENOENT"),
        ("/%", 400, "BAD_REQUEST"),
        ("/%zz", 400, "BAD_REQUEST"),
    ] {
        problem(
            w.put(&format!("files/default?path={path}"), "x").await,
            status,
            code,
        )
        .await;
    }
    let long = "n".repeat(256);
    problem(
        w.put(&format!("files/default?path=/{long}"), "x").await,
        400,
        "ENAMETOOLONG",
    )
    .await;
    let long = "n/".repeat(2500);
    problem(
        w.put(&format!("files/default?path=/{long}"), "x").await,
        400,
        "ENAMETOOLONG",
    )
    .await;
    // Bytes are bytes: an overlong slash is no slash, and `..` at the root is the root.
    assert_status(&w.put("files/default?path=/%C0%AF", "x").await, 201);
    assert_status(&w.put("files/default?path=/%2e%2e/%2e%2e/f", "x").await, 201);
    assert_eq!(
        w.json("directories/default").await["entries"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    problem(w.put("files/default", "x").await, 400, "BAD_REQUEST").await;
    problem(
        w.put("files/default?path=/f&path=/g", "x").await,
        400,
        "BAD_REQUEST",
    )
    .await;
    problem(
        w.put("files/default?path=/f&durability=never", "x").await,
        400,
        "BAD_REQUEST",
    )
    .await;
    problem(
        w.put("files/default?path=/f&mode=99", "x").await,
        400,
        "BAD_REQUEST",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_points_here_is_not_enough() {
    let w = world().await;
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""] {
        let answer = w
            .plain(Method::GET, "/healthz")
            .header("host", host)
            .send()
            .await
            .unwrap();
        problem(answer, 421, "MISDIRECTED").await;
    }
    let named = world_with(tarbox_server::Options {
        hosts: vec!["files.example".into()],
        ..options()
    })
    .await;
    let answer = named
        .plain(Method::GET, "/healthz")
        .header("host", "files.example")
        .send()
        .await
        .unwrap();
    assert_status(&answer, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_have_limits() {
    let w = world().await;
    let (answer, w) = tokio::task::spawn_blocking(move || {
        let mut many = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n".to_vec();
        for i in 0..100_000 {
            many.extend_from_slice(format!("x-{i}: y\r\n").as_bytes());
        }
        many.extend_from_slice(b"\r\n");
        (raw(&w, &many), w)
    })
    .await
    .unwrap();
    assert!(answer.is_empty() || answer.contains(" 431 "), "{answer}");
    let (answers, w) = tokio::task::spawn_blocking(move || {
        // A head that never ends is not waited for.
        let slow = raw(&w, b"GET /healthz HTTP/1.1\r\nhost: loc");
        let long = raw(&w, &[b"GET /", &vec![b'a'; 1 << 20][..], b" HTTP/1.1\r\nhost: localhost\r\n\r\n"].concat());
        let both = raw(
            &w,
            b"POST /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
        );
        let nonsense = raw(&w, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n");
        ([slow, long, both, nonsense], w)
    })
    .await
    .unwrap();
    for answer in answers {
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    assert_status(&w.plain(Method::GET, "/healthz").send().await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_has_its_limit() {
    let w = world_with(tarbox_server::Options {
        upload_max: Some(1000),
        ..options()
    })
    .await;
    assert_status(&w.put("files/default?path=/f", bytes(1000)).await, 201);
    problem(
        w.put("files/default?path=/f", bytes(1001)).await,
        413,
        "TOO_LARGE",
    )
    .await;
    let body = format!("{{\"path\": \"/{}\"}}", "x".repeat(2 << 20));
    let large = w
        .ask(Method::POST, "directories/default")
        .body(body)
        .send()
        .await
        .unwrap();
    problem(large, 413, "TOO_LARGE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_the_end_under_load() {
    let mut w = world().await;
    let mut made = Vec::new();
    let (end, address, key) = (20, w.address, w.key.clone());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let load: Vec<_> = (0..8)
        .map(|worker| {
            let (client, key) = (client.clone(), key.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                for i in 0.. {
                    let name = format!("{worker}-{i}");
                    let url = format!("http://{address}/api/v1/files/default?path=/{name}");
                    let put = client.put(url).bearer_auth(&key).body(name.clone()).send();
                    match put.await {
                        Ok(answer) if answer.status().as_u16() == 201 => done.push(name),
                        _ => break,
                    }
                }
                done
            })
        })
        .collect();
    let busy = async { while w.names("/").await.len() < end {} };
    tokio::time::timeout(PATIENCE, busy).await.unwrap();
    w.end().await;
    for worker in load {
        made.extend(worker.await.unwrap());
    }
    assert!(made.len() >= end);
    let again = serve(w.database.clone(), options(), w.key.clone()).await;
    for name in made {
        assert_eq!(again.read(&format!("/{name}")).await, name.as_bytes());
    }
}
