//! A server, as far as the key allows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tarbox_protocol::Call;
use tarbox_store::*;

use crate::calls;
use crate::client::Client;
use crate::options::Options;
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
    /// The server that a transport leads to; `base` is what comes before `/api` in its paths. Nothing is sent yet.
    pub fn new(transport: T, base: &str, options: Options) -> Self {
        Self {
            transport: Arc::new(transport),
            base: base.to_owned(),
            options,
            clients: Mutex::default(),
        }
    }

    /// Asks for a tenant. What can be no name of one is not asked for.
    async fn find(&self, tenant: &str) -> Result<(TenantInfo, String)> {
        let is_letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let mut bytes = tenant.as_bytes().iter();
        let is_name = tenant.len() <= 63
            && bytes.next().is_some_and(is_letter)
            && bytes.all(|byte| is_letter(byte) || b"-_.".contains(byte));
        if !is_name {
            return Err(Error::new(ErrorKind::NotFound).about(tenant));
        }
        let path = format!("{}/api/v1/tenants/{tenant}/ops", self.base);
        let client = Client::new(self.transport.clone(), path.clone(), None, self.options.clone());
        let asked = client.ask(None, Call::Tenant {}, |told| calls::tenant(told.one()?));
        Ok((asked.await?, path))
    }
}

impl<T: Transport> Database for HttpDatabase<T> {
    type Store = HttpStore<T>;

    async fn open_tenant(&self, name: &str) -> Result<HttpStore<T>> {
        let (tenant, path) = self.find(name).await?;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, client| client.strong_count() > 0);
        let made = Some(tenant.created);
        let open = clients.get(name).and_then(Weak::upgrade);
        // One that was deleted is another tenant than the one that now has its name.
        if let Some(client) = open.filter(|client| client.made() == made) {
            return Ok(HttpStore::new(client));
        }
        let client = Client::new(self.transport.clone(), path, made, self.options.clone());
        clients.insert(name.to_owned(), Arc::downgrade(&client));
        Ok(HttpStore::new(client))
    }

    async fn create_tenant(&self, _: &str, _: Quota) -> Result<TenantInfo> {
        Err(not_here())
    }

    async fn tenants(&self) -> Result<Vec<TenantInfo>> {
        Err(not_here())
    }

    async fn tenant(&self, name: &str) -> Result<TenantInfo> {
        Ok(self.find(name).await?.0)
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
