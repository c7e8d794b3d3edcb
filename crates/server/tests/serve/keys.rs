//! What keys allow.

use reqwest::Method;
use tarbox_server::NewKey;
use tarbox_store::{Keys, Scope, Timestamp};

use crate::events::Events;
use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scope_says() {
    let w = world().await;
    w.put("files/default?path=/f", "x").await;
    for (scope, write, layers, admin) in [
        (Scope::Read, 403, 403, 403),
        (Scope::Write, 204, 403, 403),
        (Scope::Layers, 204, 201, 403),
        (Scope::Admin, 204, 201, 200),
    ] {
        let key = new_key(&w.database, |key| NewKey { scope, ..key }).await;
        let ask = |method, target: &str| w.ask_as(&key, method, target);
        assert_status(
            &ask(Method::GET, "files/default?path=/f").send().await.unwrap(),
            200,
        );
        let put = ask(Method::PUT, "files/default?path=/f")
            .body("y")
            .send()
            .await
            .unwrap();
        assert_status(&put, write);
        let name = serde_json::json!({ "name": scope.word() });
        let taken = ask(Method::POST, "layers/default")
            .json(&name)
            .send()
            .await
            .unwrap();
        assert_status(&taken, layers);
        // Not by the back door either.
        let hook =
            ask(Method::PUT, "files/default?path=/.tarbox/layers/new").body(format!("h-{}", scope.word()));
        let hook = hook.send().await.unwrap();
        assert_eq!(hook.status().is_success(), layers == 201, "{hook:?}");
        let collected = ask(Method::POST, "system/gc").send().await.unwrap();
        assert_status(&collected, admin);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_stays_closed() {
    let w = world().await;
    for target in [
        "files/other?path=/",
        "directories/other",
        "layers/other",
        "audit/other",
        "watch/other",
        "archive/other",
        "usage/other",
        "inodes/other/1",
        "tenants/other",
        "files/nobody?path=/",
        "files/..%2fother?path=/",
    ] {
        problem(w.get(target).await, 403, "FORBIDDEN").await;
    }
    let tenants = w.json("tenants").await;
    assert_eq!(tenants["tenants"].as_array().unwrap().len(), 1);
    let admin = new_key(&w.database, |key| NewKey {
        scope: Scope::Admin,
        ..key
    })
    .await;
    let all = w.ask_as(&admin, Method::GET, "tenants").send().await.unwrap();
    assert_eq!(json(all).await["tenants"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confined_key_does_not_get_out() {
    let w = world().await;
    w.post(
        "directories/default",
        serde_json::json!({"path": "/in/sub", "parents": true}),
    )
    .await;
    w.put("files/default?path=/secret", "hidden content").await;
    w.put("files/default?path=/in/f", "mine").await;
    for (path, target) in [
        ("/in/absolute", "/secret"),
        ("/in/up", "../secret"),
        ("/in/sub/up", "../../secret"),
    ] {
        w.post(
            "links/default",
            serde_json::json!({"path": path, "target": target}),
        )
        .await;
    }
    w.post("layers/default", serde_json::json!({"name": "one"})).await;
    let key = new_key(&w.database, |key| NewKey {
        path: b"/in".to_vec(),
        ..key
    })
    .await;
    let ask = |method, target: &str| w.ask_as(&key, method, target).send();
    let mine = ask(Method::GET, "files/default?path=/f").await.unwrap();
    assert_eq!(mine.text().await.unwrap(), "mine");
    let mine = ask(Method::GET, "files/default?path=/f&layer=one").await.unwrap();
    assert_eq!(mine.text().await.unwrap(), "mine");
    for path in [
        "/secret",
        "/../secret",
        "../secret",
        "/%2e%2e/secret",
        "%2e%2e%2fsecret",
        "/sub/../../secret",
        "/absolute",
        "/up",
        "/sub/up",
        "/.tarbox/layers/list",
        "/in/f",
    ] {
        for query in ["", "&layer=one"] {
            let out = ask(Method::GET, &format!("files/default?path={path}{query}"))
                .await
                .unwrap();
            let status = out.status().as_u16();
            assert!(matches!(status, 403 | 404), "{path}: {status}");
            assert!(!out.text().await.unwrap().contains("hidden"));
        }
        let put = w
            .ask_as(&key, Method::PUT, &format!("files/default?path={path}x/y"))
            .body("x")
            .send();
        assert!(put.await.unwrap().status().is_client_error());
    }
    let moved = serde_json::json!({"from": "/f", "to": "/../f"});
    let moved = w
        .ask_as(&key, Method::POST, "rename/default")
        .json(&moved)
        .send()
        .await
        .unwrap();
    assert_status(&moved, 403);
    assert_eq!(w.read("/in/f").await, b"mine");
    for (method, target) in [
        (Method::POST, "layers/default"),
        (Method::PUT, "layers/default/current"),
        (Method::DELETE, "layers/default/one"),
    ] {
        let refused = w
            .ask_as(&key, method, target)
            .json(&serde_json::json!({"name": "x"}))
            .send();
        problem(refused.await.unwrap(), 403, "FORBIDDEN").await;
    }
    let audit = json(ask(Method::GET, "audit/default").await.unwrap()).await;
    assert!(
        !audit.to_string().contains("secret") && audit.to_string().contains("/f"),
        "{audit}"
    );
    problem(ask(Method::GET, "inodes/default/1").await.unwrap(), 404, "ENOENT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_are_those_of_the_user() {
    let w = world().await;
    w.put("files/default?path=/private&mode=0600", "x").await;
    let key = new_key(&w.database, |key| NewKey {
        user: (1000, 1000),
        ..key
    })
    .await;
    let read = w
        .ask_as(&key, Method::GET, "files/default?path=/private")
        .send()
        .await
        .unwrap();
    problem(read, 403, "EACCES").await;
    let made = w
        .ask_as(&key, Method::PUT, "files/default?path=/mine")
        .body("x")
        .send()
        .await
        .unwrap();
    problem(made, 403, "EACCES").await;
    // Who may write a file, but not its directory, replaces its content.
    w.put("files/default?path=/shared&mode=0666", "long content")
        .await;
    w.ask(Method::PATCH, "attributes/default?path=/shared")
        .json(&serde_json::json!({"mode": "0666"}))
        .send()
        .await
        .unwrap();
    let put = w
        .ask_as(&key, Method::PUT, "files/default?path=/shared")
        .body("short")
        .send()
        .await
        .unwrap();
    assert_status(&put, 204);
    assert_eq!(w.read("/shared").await, b"short");
    let audit = w.json("audit/default?refused=true").await;
    assert!(audit.to_string().contains(id_of(&key)), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_revoked_opens_nothing() {
    let w = world().await;
    w.put("files/default?path=/large", bytes(24 << 20)).await;
    let key = new_key(&w.database, |key| key).await;
    let mut events = Events::of(w.ask_as(&key, Method::GET, "watch/default").send().await.unwrap());
    let download = w
        .ask_as(&key, Method::GET, "files/default?path=/large")
        .send()
        .await
        .unwrap();
    w.database
        .revoke_key(id_of(&key), Timestamp::of_system())
        .await
        .unwrap();
    let refused = w
        .ask_as(&key, Method::GET, "files/default?path=/large")
        .send()
        .await
        .unwrap();
    problem(refused, 401, "UNAUTHORIZED").await;
    while events.next().await.is_some() {}
    // The client had not read on: what it had not got it does not get.
    assert!(download.bytes().await.is_err());
    let expired = new_key(&w.database, |key| NewKey {
        expires: Some(Timestamp(1)),
        ..key
    })
    .await;
    let refused = w
        .ask_as(&expired, Method::GET, "files/default?path=/")
        .send()
        .await
        .unwrap();
    problem(refused, 401, "UNAUTHORIZED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_limited_and_right_keys_are_not() {
    let w = world().await;
    let mut limited = None;
    for i in 0..100 {
        let guess = w
            .plain(Method::GET, "/api/v1/files/default?path=/")
            .bearer_auth(format!("tbx_{i}"))
            .send();
        let guess = guess.await.unwrap();
        match guess.status().as_u16() {
            401 => assert!(guess.headers().contains_key("www-authenticate")),
            429 => {
                assert!(guess.headers().contains_key("retry-after"));
                limited = Some(i);
                break;
            }
            status => panic!("{status}"),
        }
    }
    assert!(limited.is_some());
    assert_status(&w.get("directories/default").await, 200);
    let none = w
        .plain(Method::GET, "/api/v1/files/default?path=/")
        .send()
        .await
        .unwrap();
    problem(none, 401, "UNAUTHORIZED").await;
    let by_header = w
        .plain(Method::GET, "/api/v1/directories/default")
        .header("x-api-key", &w.key);
    assert_status(&by_header.send().await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_ask_so_often() {
    let w = world_with(tarbox_server::Options {
        rate: Some(5),
        ..options()
    })
    .await;
    let asked = (0..40).map(|_| w.get("directories/default"));
    let answers = futures_util::future::join_all(asked).await;
    let limited = answers
        .iter()
        .find(|a| a.status().as_u16() == 429)
        .expect("one was too many");
    assert!(
        limited.headers().contains_key("ratelimit-policy") && limited.headers().contains_key("retry-after")
    );
    assert!(answers.iter().any(|a| a.status().as_u16() == 200));
}
