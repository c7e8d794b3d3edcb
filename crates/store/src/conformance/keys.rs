//! The contract of [`Keys`], for databases that keep them.

use super::{Fixture, assert_fails};
use crate::*;

/// Makes a test of every promise about keys; the argument is that of
/// [`store_conformance_tests!`](crate::store_conformance_tests).
#[macro_export]
macro_rules! keys_conformance_tests {
    ($factory:expr) => {
        $crate::keys_conformance_tests!($factory; keys_are_kept, a_key_is_added_once, revoking_lasts, a_key_goes_with_its_tenant);
    };
    ($factory:expr; $($name:ident),*) => {
        $(#[test]
        fn $name() {
            let (database, _guard) = $factory();
            $crate::conformance::block_on(async {
                let fixture = $crate::conformance::Fixture::new(database).await;
                $crate::conformance::keys::$name(&fixture).await;
            });
        })*
    };
}

fn key(id: &str, tenant: &str, created: i64) -> Key {
    Key {
        id: id.into(),
        name: format!("key {id} \u{1f511}"),
        tenant: tenant.into(),
        scope: Scope::Write,
        path: b"/below/\xff".to_vec(),
        uid: u32::MAX,
        gid: 7,
        created: Timestamp(created),
        expires: None,
        revoked: None,
        hash: std::array::from_fn(|i| i as u8),
    }
}

/// What was added is found as it was, by its id and in the list.
pub async fn keys_are_kept<D: Database + Keys>(t: &Fixture<D>) {
    assert_eq!(t.database.keys().await.unwrap(), []);
    assert_eq!(t.database.key("a").await.unwrap(), None);
    let second = key("a", "default", 2);
    let first = Key {
        scope: Scope::Admin,
        path: b"/".to_vec(),
        name: String::new(),
        expires: Some(Timestamp(i64::MAX)),
        ..key("b", "default", -1)
    };
    t.database.add_key(&second).await.unwrap();
    t.database.add_key(&first).await.unwrap();
    assert_eq!(t.database.key("a").await.unwrap().as_ref(), Some(&second));
    assert_eq!(t.database.key("b").await.unwrap().as_ref(), Some(&first));
    assert_eq!(t.database.key("A").await.unwrap(), None);
    assert_eq!(t.database.keys().await.unwrap(), [first, second]);
}

/// An id is taken once, and a key needs its tenant; a refused one leaves nothing.
pub async fn a_key_is_added_once<D: Database + Keys>(t: &Fixture<D>) {
    assert_fails(
        t.database.add_key(&key("a", "nobody", 1)).await,
        ErrorKind::NotFound,
    );
    let kept = key("a", "default", 1);
    t.database.add_key(&kept).await.unwrap();
    let other = Key {
        hash: [9; 32],
        ..key("a", "default", 2)
    };
    assert_fails(t.database.add_key(&other).await, ErrorKind::Exists);
    assert_eq!(t.database.keys().await.unwrap(), [kept]);
}

/// A key that was revoked stays so, since the first time; others are not touched.
pub async fn revoking_lasts<D: Database + Keys>(t: &Fixture<D>) {
    assert_fails(
        t.database.revoke_key("a", Timestamp(5)).await,
        ErrorKind::NotFound,
    );
    t.database.add_key(&key("a", "default", 1)).await.unwrap();
    t.database.add_key(&key("b", "default", 2)).await.unwrap();
    let revoked = t.database.revoke_key("a", Timestamp(5)).await.unwrap();
    assert_eq!(revoked.revoked, Some(Timestamp(5)));
    let again = t.database.revoke_key("a", Timestamp(9)).await.unwrap();
    assert_eq!(again, revoked);
    assert_eq!(t.database.key("a").await.unwrap(), Some(revoked));
    assert_eq!(t.database.key("b").await.unwrap().unwrap().revoked, None);
    assert_fails(
        t.database.revoke_key("c", Timestamp(5)).await,
        ErrorKind::NotFound,
    );
}

/// With a tenant its keys go: another tenant of the same name does not get them.
pub async fn a_key_goes_with_its_tenant<D: Database + Keys>(t: &Fixture<D>) {
    t.database
        .create_tenant("doomed", Quota::default())
        .await
        .unwrap();
    t.database.add_key(&key("a", "doomed", 1)).await.unwrap();
    t.database.add_key(&key("b", "default", 2)).await.unwrap();
    t.database.delete_tenant("doomed").await.unwrap();
    assert_eq!(t.database.key("a").await.unwrap(), None);
    t.database
        .create_tenant("doomed", Quota::default())
        .await
        .unwrap();
    assert_eq!(t.database.key("a").await.unwrap(), None);
    assert_eq!(t.database.keys().await.unwrap().len(), 1);
    assert_fails(
        t.database.revoke_key("a", Timestamp(5)).await,
        ErrorKind::NotFound,
    );
}
