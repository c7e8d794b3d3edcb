//! A server, as far as the key allows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tarbox_protocol::Call;
use tarbox_store::*;

use crate::calls;
use crate::client::Client;
use crate::options::{Address, Options};
use crate::store::HttpStore;
use crate::transport::Transport;

/// A Tarbox server. Stores of one tenant that are open at the same time share a session and a cache.
pub struct HttpDatabase<T> {
    transport: Arc<T>,
    base: String,
    options: Options,
    clients: Mutex<HashMap<String, Weak<Client<T>>>>,
}

impl<T> std::fmt::Debug for HttpDatabase<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpDatabase")
            .field("base", &self.base)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<T: Transport> HttpDatabase<T> {
    /// The server at this address. Nothing is sent yet.
    pub fn new(transport: T, address: &Address, options: Options) -> Self {
        Self {
            transport: Arc::new(transport),
            base: address.base().to_owned(),
            options,
            clients: Mutex::default(),
        }
    }

    fn client(&self, tenant: &str) -> Arc<Client<T>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, client| client.strong_count() > 0);
        if let Some(client) = clients.get(tenant).and_then(Weak::upgrade) {
            return client;
        }
        let client = Client::new(self.transport.clone(), &self.base, tenant, self.options.clone());
        clients.insert(tenant.to_owned(), Arc::downgrade(&client));
        client
    }
}

impl<T: Transport> Database for HttpDatabase<T> {
    type Store = HttpStore<T>;

    async fn open_tenant(&self, name: &str) -> Result<HttpStore<T>> {
        let client = self.client(name);
        // Whether it is there, and the key is good for it, is told here.
        client
            .ask(None, Call::LastSeq {}, |told| calls::seq(told.one()?))
            .await?;
        Ok(HttpStore::new(client))
    }

    async fn create_tenant(&self, _: &str, _: Quota) -> Result<TenantInfo> {
        Err(not_here())
    }

    async fn tenants(&self) -> Result<Vec<TenantInfo>> {
        Err(not_here())
    }

    async fn tenant(&self, name: &str) -> Result<TenantInfo> {
        let client = self.client(name);
        client
            .ask(None, Call::Tenant {}, |told| calls::tenant(told.one()?))
            .await
    }

    async fn set_quota(&self, _: &str, _: Quota) -> Result<()> {
        Err(not_here())
    }

    async fn set_state(&self, _: &str, _: TenantState) -> Result<()> {
        Err(not_here())
    }

    async fn delete_tenant(&self, _: &str) -> Result<()> {
        Err(not_here())
    }

    async fn fsck(&self, _: bool, _: &(dyn Fn(u64, u64) + Sync)) -> Result<FsckReport> {
        Err(not_here())
    }

    async fn gc(&self) -> Result<GcReport> {
        Err(not_here())
    }
}

fn not_here() -> Error {
    Error::new(ErrorKind::Unsupported)
        .because("a remote workspace is administered at its server: run the command there, on its database")
}
