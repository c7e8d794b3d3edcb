//! Blocks by their hash: what a client has need not be sent, and a hash alone opens nothing.

use futures_util::stream::{self, StreamExt as _};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tarbox_server::{Backend, NewKey};
use tarbox_store::Scope;

use crate::support::*;

const SIZE: usize = 128 << 10;

fn hash(block: &[u8]) -> String {
    blake3::hash(block).to_hex().to_string()
}

fn hashes(content: &[u8]) -> Vec<String> {
    content.chunks(SIZE).map(hash).collect()
}

/// The body that writes a file: its list, and the blocks that are sent.
fn body(list: &Value, sent: &[&[u8]]) -> Vec<u8> {
    [format!("{list}\n").as_bytes(), &sent.concat()].concat()
}

/// One that is sent.
fn sent(block: &[u8]) -> Value {
    json!({"hash": hash(block), "length": block.len()})
}

impl<D: Backend> World<D> {
    async fn blocks(&self, target: &str, list: &Value, sent: &[&[u8]]) -> Response {
        self.put(&format!("blocks/default?path={target}"), body(list, sent))
            .await
    }

    async fn missing(&self, key: &str, source: &Value, wanted: &str) -> Response {
        let asked = json!({"sources": [source], "blocks": [wanted]});
        let ask = self.ask_as(key, Method::POST, "blocks/default/have");
        ask.json(&asked).send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_is_sent() {
    only_new(&world().await).await;
}

pub(crate) async fn only_new<D: Backend>(w: &World<D>) {
    let old = bytes(20 * SIZE + 1000);
    w.put("files/default?path=/old", old.clone()).await;
    let listed = w.json("blocks/default?path=/old").await;
    assert_eq!(listed["blocks"], json!(hashes(&old)));
    assert_eq!(
        (&listed["size"], &listed["length"]),
        (&json!(SIZE), &json!(old.len()))
    );
    let part = w
        .json(&format!("blocks/default?path=/old&offset={}&count=3", SIZE * 2))
        .await;
    assert_eq!(part["blocks"], json!(hashes(&old)[2..5]));
    let end = w.json("blocks/default?path=/old&offset=99999999").await;
    assert_eq!(end["blocks"], json!([]));

    // A block in the middle is another, and one comes twice.
    let mut new = old.clone();
    new[5 * SIZE..6 * SIZE].fill(7);
    new.splice(10 * SIZE..10 * SIZE, vec![7; SIZE]);
    let wanted = hashes(&new);
    let asked = json!({"sources": [{"path": "/old"}], "blocks": wanted});
    let answer = json(w.post("blocks/default/have", asked).await).await;
    let block = vec![7; SIZE];
    assert_eq!(answer["missing"], json!([hash(&block), hash(&block)]));
    let mut list: Vec<Value> = wanted.iter().map(|hash| json!(hash)).collect();
    list[5] = sent(&block);
    let list = json!({"sources": [{"path": "/old"}], "blocks": list});
    assert_status(&w.blocks("/new", &list, &[&block]).await, 201);
    assert!(w.read("/new").await == new);
    // The file may be its own source.
    let back: Vec<Value> = hashes(&old).iter().map(|hash| json!(hash)).collect();
    let mut back = json!({"sources": [{"path": "/new"}], "blocks": back});
    back["blocks"][5] = sent(&old[5 * SIZE..6 * SIZE]);
    let answer = w.blocks("/new", &back, &[&old[5 * SIZE..6 * SIZE]]).await;
    assert_status(&answer, 204);
    assert!(w.read("/new").await == old);
    let stale = w
        .ask(Method::PUT, "blocks/default?path=/new")
        .header("if-match", "\"1-1\"");
    let stale = stale.body(body(&list, &[&block])).send().await.unwrap();
    problem(stale, 412, "PRECONDITION_FAILED").await;

    // What is no longer there is in a layer.
    json(w.post("layers/default", json!({"name": "one"})).await).await;
    w.delete("files/default?path=/old").await;
    let whole: Vec<Value> = hashes(&old).iter().map(|hash| json!(hash)).collect();
    let list = json!({"sources": [{"path": "/old", "layer": "one"}], "blocks": whole});
    assert_status(&w.blocks("/again", &list, &[]).await, 201);
    assert!(w.read("/again").await == old);

    let first = hash(&old[..SIZE]);
    let got = w.get(&format!("blocks/default/{first}?path=/again")).await;
    assert_status(&got, 200);
    assert!(got.bytes().await.unwrap() == old[..SIZE]);
    let last = hash(&old[20 * SIZE..]);
    let got = w.get(&format!("blocks/default/{last}?path=/old&layer=one")).await;
    assert!(got.bytes().await.unwrap() == old[20 * SIZE..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_have_blocks_too() {
    let w = world().await;
    let small = json!({"blocks": [sent(b"one "), sent(b"two "), hash(b"one ")]});
    assert_status(&w.blocks("/f", &small, &[b"one ", b"two "]).await, 201);
    assert_eq!(w.read("/f").await, b"one two one ");
    let whole = json!({"sources": [{"path": "/f"}], "blocks": [hash(b"one two one "), sent(b"!")]});
    assert_status(&w.blocks("/f", &whole, &[b"!"]).await, 204);
    assert_eq!(w.read("/f").await, b"one two one !");
    assert_status(&w.blocks("/empty", &json!({"blocks": []}), &[]).await, 201);
    assert_eq!(w.read("/empty").await, b"");
    let listed = w.json("blocks/default?path=/empty").await;
    assert_eq!(listed["blocks"], json!([]));
    // From memory to a file beside, with a part that comes again.
    let block = bytes(SIZE);
    let mut blocks = vec![json!(hash(&block)); 20];
    blocks[0] = sent(&block);
    assert_status(
        &w.blocks("/many", &json!({"blocks": blocks}), &[&block]).await,
        201,
    );
    assert!(w.read("/many").await == block.repeat(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_wrong_changes_nothing() {
    let w = world().await;
    let large = bytes(12 * SIZE);
    w.put("files/default?path=/f", large.clone()).await;
    let first = sent(&large[..SIZE]);
    let named = json!(hash(&large[..SIZE]));
    let unknown = hash(b"unknown");
    let source = json!([{"path": "/f"}]);
    let missing = json!({"sources": source, "blocks": [named, unknown, first, unknown]});
    let refused = problem(w.blocks("/f", &missing, &[]).await, 409, "MISSING").await;
    assert_eq!(refused["missing"], json!([unknown]));
    let many = vec![first.clone(); 12];
    let ten: Vec<&[u8]> = vec![&large[..SIZE]; 11];
    let mut wrong = large[..SIZE].to_vec();
    wrong[7] ^= 1;
    for (list, sent, status, code) in [
        // Small, and with eleven good blocks before.
        (json!({"blocks": [first]}), vec![&wrong[..]], 422, "WRONG_HASH"),
        (
            json!({"blocks": many}),
            [&ten[..], &[&wrong]].concat(),
            422,
            "WRONG_HASH",
        ),
        (json!({"blocks": many}), ten.clone(), 400, "BAD_REQUEST"),
        (
            json!({"blocks": many}),
            [&ten[..], &ten[..]].concat(),
            400,
            "BAD_REQUEST",
        ),
        (
            json!({"blocks": [{"hash": unknown, "length": 0}]}),
            vec![],
            400,
            "BAD_REQUEST",
        ),
        (
            json!({"blocks": [{"hash": unknown, "length": SIZE + 1}]}),
            vec![],
            400,
            "BAD_REQUEST",
        ),
        (json!({"blocks": ["abc"]}), vec![], 400, "BAD_REQUEST"),
        (json!({"blocks": [], "size": 4095}), vec![], 400, "BAD_REQUEST"),
        (json!({"blocks": [], "size": 1 << 30}), vec![], 400, "BAD_REQUEST"),
        (json!({"blocks": [], "more": 1}), vec![], 400, "BAD_REQUEST"),
        (
            json!({"blocks": [], "sources": vec![json!({"path": "/f"}); 17]}),
            vec![],
            400,
            "BAD_REQUEST",
        ),
        (
            json!({"blocks": [], "sources": [{"path": "/none"}]}),
            vec![],
            404,
            "ENOENT",
        ),
        (
            json!({"blocks": [], "sources": [{"path": "/"}]}),
            vec![],
            400,
            "BAD_REQUEST",
        ),
        (
            json!({"blocks": [], "sources": [{"path": "/.tarbox/layers/list"}]}),
            vec![],
            400,
            "BAD_REQUEST",
        ),
        (
            json!({"blocks": vec![unknown.clone(); 65_537]}),
            vec![],
            400,
            "BAD_REQUEST",
        ),
    ] {
        problem(w.blocks("/f", &list, &sent).await, status, code).await;
    }
    for target in [
        "blocks/default?path=/f&size=1",
        "blocks/default?path=/f&count=0",
        "blocks/default?path=/f&count=65537",
        "blocks/default/abc?path=/f",
    ] {
        problem(w.get(target).await, 400, "BAD_REQUEST").await;
    }
    problem(
        w.get(&format!("blocks/default/{unknown}?path=/f")).await,
        404,
        "NO_BLOCK",
    )
    .await;
    // A file that seems to have no end is not hashed.
    let hole = json!({"path": "/hole", "offset": 1u64 << 60, "data": "eA=="});
    json(w.post("files/default/write", hole).await).await;
    let asked = json!({"sources": [{"path": "/hole"}], "blocks": []});
    problem(w.post("blocks/default/have", asked).await, 413, "TOO_LARGE").await;
    // Nor is a line read that does not end. Its connection is of no use afterwards.
    let url = format!("http://{}/api/v1/blocks/default?path=/f", w.address);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let endless = client
        .put(url)
        .bearer_auth(&w.key)
        .body(vec![b' '; 9 << 20])
        .send();
    if let Ok(answer) = endless.await {
        problem(answer, 413, "TOO_LARGE").await;
    }
    assert!(w.read("/f").await == large);
    // What was begun beside it goes when nobody waits for it any more.
    let tidy = async { while w.names("/").await != ["f", "hole"] {} };
    tokio::time::timeout(PATIENCE, tidy).await.unwrap();
}

/// A source that changes while the rest is sent.
#[tokio::test(flavor = "multi_thread")]
async fn what_changes_meanwhile_is_not_taken() {
    let w = world().await;
    let old = bytes(16 * SIZE);
    w.put("files/default?path=/old", old.clone()).await;
    let block = vec![3; SIZE];
    let mut blocks: Vec<Value> = hashes(&old).iter().map(|hash| json!(hash)).collect();
    blocks.push(sent(&block));
    let list = json!({"sources": [{"path": "/old"}], "blocks": blocks});
    let (go_on, gone_on) = tokio::sync::oneshot::channel::<()>();
    let rest = async move {
        gone_on.await.unwrap();
        block
    };
    let head = body(&list, &[]);
    let parts = stream::once(async move { head })
        .chain(stream::once(rest))
        .map(Ok::<_, std::io::Error>);
    let put = w
        .ask(Method::PUT, "blocks/default?path=/new")
        .body(reqwest::Body::wrap_stream(parts))
        .send();
    let change = async {
        // The sources were hashed before anything is written.
        let begun = async { while w.names("/").await.len() < 2 {} };
        tokio::time::timeout(PATIENCE, begun).await.unwrap();
        let patch = w.ask(Method::PATCH, "files/default?path=/old&offset=5");
        assert_status(&patch.body("x").send().await.unwrap(), 204);
        go_on.send(()).unwrap();
    };
    let (answer, ()) = futures_util::future::join(put, change).await;
    problem(answer.unwrap(), 409, "CHANGED").await;
    let tidy = async { while w.names("/").await != ["old"] {} };
    tokio::time::timeout(PATIENCE, tidy).await.unwrap();
}

/// Whoever knows the hash of what they may not read learns and gets nothing by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_hash_is_no_right() {
    let w = world().await;
    let secret = bytes(2 * SIZE);
    let (hidden, nothing) = (hash(&secret[..SIZE]), hash(b"nothing"));
    let content = |request: RequestBuilder| request.body(secret.clone()).send();
    w.post("directories/default", json!({"path": "/mine"})).await;
    w.post("directories/default", json!({"path": "/theirs"})).await;
    content(w.ask(Method::PUT, "files/default?path=/theirs/secret"))
        .await
        .unwrap();
    let other = new_key(&w.database, |key| NewKey {
        tenant: "other".into(),
        ..key
    })
    .await;
    content(w.ask_as(&other, Method::PUT, "files/other?path=/secret"))
        .await
        .unwrap();
    for (link, target) in [("up", "../theirs/secret"), ("away", "/theirs/secret")] {
        let made = json!({"path": format!("/mine/{link}"), "target": target});
        assert_status(&w.post("links/default", made).await, 201);
    }
    let confined = new_key(&w.database, |key| NewKey {
        path: b"/mine".to_vec(),
        scope: Scope::Write,
        ..key
    })
    .await;
    let own = w
        .ask_as(&confined, Method::PUT, "files/default?path=/own")
        .body("own");
    assert_status(&own.send().await.unwrap(), 201);

    // In its own files, a block that others have is as one that nobody has.
    let put = async |key: &str, tenant: &str, source: &str, hash: &str| {
        let list = json!({"sources": [{"path": source}], "blocks": [hash]});
        let put = w.ask_as(key, Method::PUT, &format!("blocks/{tenant}?path=/got"));
        put.body(body(&list, &[])).send().await.unwrap()
    };
    let get = async |key: &str, target: String| w.ask_as(key, Method::GET, &target).send().await.unwrap();
    for wanted in [&hidden, &nothing] {
        let answer = json(w.missing(&confined, &json!({"path": "/own"}), wanted).await).await;
        assert_eq!(answer, json!({"missing": [wanted]}));
        let refused = problem(put(&confined, "default", "/own", wanted).await, 409, "MISSING").await;
        assert_eq!(refused["missing"], json!([wanted]));
        let target = format!("blocks/default/{wanted}?path=/own");
        problem(get(&confined, target).await, 404, "NO_BLOCK").await;
    }
    // And no path leads out of them.
    for path in [
        "/theirs/secret",
        "/../theirs/secret",
        "/up",
        "/away",
        "/./../theirs/secret",
    ] {
        for wanted in [&hidden, &nothing] {
            let answers = [
                w.missing(&confined, &json!({"path": path}), wanted).await,
                put(&confined, "default", path, wanted).await,
                get(&confined, format!("blocks/default/{wanted}?path={path}")).await,
                get(&confined, format!("blocks/default?path={path}")).await,
            ];
            for answer in answers {
                assert!(
                    matches!(answer.status().as_u16(), 403 | 404),
                    "{path}: {answer:?}"
                );
            }
        }
    }
    // Nor into a layer that had something else there.
    json(w.post("layers/default", json!({"name": "one"})).await).await;
    let past = json!({"path": "/theirs/secret", "layer": "one"});
    assert_status(&w.missing(&confined, &past, &hidden).await, 404);

    // Another tenant's: whether there is one of the name is not told either.
    for tenant in ["other", "none"] {
        problem(put(&w.key, tenant, "/secret", &hidden).await, 403, "FORBIDDEN").await;
        problem(
            get(&w.key, format!("blocks/{tenant}?path=/secret")).await,
            403,
            "FORBIDDEN",
        )
        .await;
    }
    problem(put(&other, "other", "/own", &hidden).await, 404, "ENOENT").await;

    // A user who may not read a file has none of its blocks.
    let user = new_key(&w.database, |key| NewKey {
        user: (1000, 1000),
        ..key
    })
    .await;
    let mode = json!({"mode": "0600"});
    let hide = w.ask(Method::PATCH, "attributes/default?path=/theirs/secret");
    assert_status(&hide.json(&mode).send().await.unwrap(), 200);
    for answer in [
        w.missing(&user, &json!({"path": "/theirs/secret"}), &hidden)
            .await,
        put(&user, "default", "/theirs/secret", &hidden).await,
        get(&user, format!("blocks/default/{hidden}?path=/theirs/secret")).await,
        get(&user, "blocks/default?path=/theirs/secret".into()).await,
    ] {
        problem(answer, 403, "EACCES").await;
    }
    // Reading is not writing.
    let reader = new_key(&w.database, |key| NewKey {
        scope: Scope::Read,
        ..key
    })
    .await;
    problem(
        put(&reader, "default", "/theirs/secret", &hidden).await,
        403,
        "FORBIDDEN",
    )
    .await;
    assert_eq!(w.names("/mine").await, ["away", "own", "up"]);
    assert_eq!(w.names("/").await, ["mine", "theirs"]);
}
