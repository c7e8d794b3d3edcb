//! The contract of stores and of file systems, kept from afar.

use tarbox_fs::{Fs, blocking};
use tarbox_store::{Database, Quota};
use tarbox_store_http::{HttpStore, Native, Options};

use crate::server::{InProcess, Remote, sqlite};

fn without_cache() -> Options {
    Options {
        cache_bytes: 0,
        ..Options::default()
    }
}

mod in_process {
    use super::*;

    tarbox_store::store_conformance_tests!(|| (Remote::in_process(sqlite(), Options::default()), ()));
}

mod in_process_without_cache {
    use super::*;

    tarbox_store::store_conformance_tests!(|| (Remote::in_process(sqlite(), without_cache()), ()));
}

mod on_a_socket {
    use super::*;

    tarbox_store::store_conformance_tests!(|| (Remote::on_socket(sqlite(), Options::default()), ()));
}

mod on_postgres {
    use super::*;
    use tarbox_store_postgres::PostgresDatabase;

    fn postgres() -> PostgresDatabase {
        let url = tarbox_test_postgres::server().fresh_url();
        let options = tarbox_store_postgres::Options::parse(&url).unwrap().create(true);
        PostgresDatabase::open(&options).unwrap()
    }

    tarbox_store::store_conformance_tests!(|| (Remote::in_process(postgres(), Options::default()), ()));
}

mod files {
    use super::*;

    fn empty() -> (Fs<HttpStore<InProcess>>, impl Sized) {
        let remote = Remote::in_process(sqlite(), Options::default());
        blocking(remote.create_tenant("test", Quota::default())).unwrap();
        (blocking(Fs::open_tenant(&remote, "test")).unwrap(), remote)
    }
    tarbox_fs::fs_conformance_tests!(empty);
}

mod files_on_a_socket {
    use super::*;

    fn empty() -> (Fs<HttpStore<Native>>, impl Sized) {
        let remote = Remote::on_socket(sqlite(), Options::default());
        blocking(remote.create_tenant("test", Quota::default())).unwrap();
        (blocking(Fs::open_tenant(&remote, "test")).unwrap(), remote)
    }
    tarbox_fs::fs_conformance_tests!(empty);
}
