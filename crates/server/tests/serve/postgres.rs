//! The same on PostgreSQL, and with two servers before one database.

use tarbox_server::NewKey;
use tarbox_store::{Keys, Timestamp};
use tarbox_store_postgres::{Options, PostgresDatabase};
use tarbox_test_postgres::server;

use crate::events::Events;
use crate::support::*;
use crate::{blocks, conditions, events, files};

fn database(url: &str) -> PostgresDatabase {
    PostgresDatabase::open(&Options::parse(url).unwrap().create(true)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_conditions_and_events() {
    let w = world_on(database(&server().fresh_url()), options()).await;
    files::round_trips(&w).await;
    conditions::conditions(&w).await;
    blocks::only_new(&w).await;
    events::watching(&w).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_show_the_same() {
    let url = server().fresh_url();
    let first = world_on(database(&url), options()).await;
    let second = serve(database(&url), options(), first.key.clone()).await;
    let mut events = Events::of(second.get("watch/default").await);
    for i in 0..10 {
        let content = format!("round {i}");
        let (writer, reader) = if i % 2 == 0 {
            (&first, &second)
        } else {
            (&second, &first)
        };
        let put = writer
            .put(&format!("files/default?path=/f{i}"), content.clone())
            .await;
        assert_status(&put, 201);
        assert_eq!(reader.read(&format!("/f{i}")).await, content.as_bytes());
        events.until(&format!("/f{i}")).await;
    }
    let key = new_key(&first.database, |key| NewKey {
        name: "second".into(),
        ..key
    })
    .await;
    let ask = |w: &World<_>| w.ask_as(&key, reqwest::Method::GET, "directories/default").send();
    assert_status(&ask(&second).await.unwrap(), 200);
    first
        .database
        .revoke_key(id_of(&key), Timestamp::of_system())
        .await
        .unwrap();
    for w in [&first, &second] {
        problem(ask(w).await.unwrap(), 401, "UNAUTHORIZED").await;
    }
}
