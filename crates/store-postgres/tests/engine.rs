//! The contract of engines, kept by two openings of one database on a server, each with its own session, as two processes have.

use tarbox_store::{Database, Quota};
use tarbox_store_core::TenantId;
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresEngine, PostgresStore};
use tarbox_test_engine::conformance::{Processes, block_on};
use tarbox_test_postgres::server;

struct Two {
    stores: [PostgresStore; 2],
    _databases: [PostgresDatabase; 2],
    name: String,
}

impl Processes for Two {
    type Engine = PostgresEngine;

    fn engines(&self) -> [&PostgresEngine; 2] {
        self.stores.each_ref().map(PostgresStore::engine)
    }

    fn depose(&self, tenant: TenantId) -> bool {
        // What a process does that has waited in vain for an answer.
        let overtake = format!(
            "UPDATE tarbox.tenant SET epoch = epoch + 1, holder = 0 WHERE tenant = {}",
            tenant.0
        );
        server().psql(&self.name, &overtake)
    }
}

fn two() -> Two {
    let name = server().fresh();
    let options = Options::parse(&server().url(&name)).unwrap().create(true);
    let open = || PostgresDatabase::open(&options.clone().background(false)).unwrap();
    let databases = [open(), open()];
    // The store of a tenant is the way to the engine below it.
    block_on(databases[0].create_tenant("first", Quota::default())).unwrap();
    let store = |database: &PostgresDatabase| block_on(database.open_tenant("first")).unwrap();
    Two {
        stores: databases.each_ref().map(store),
        _databases: databases,
        name,
    }
}

tarbox_test_engine::engine_conformance_tests!(two);
