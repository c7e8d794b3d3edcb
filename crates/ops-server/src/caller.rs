//! Who calls.

use std::sync::Arc;

use tarbox_protocol::{Batch, Call, Class};
use tarbox_store::Actor;

use crate::Refusal;

/// Who made a request, as the authentication found out. It is an extension of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant that the key is for.
    pub tenant: String,
    /// The key's name for the audit; `None` where there is nobody to tell apart.
    pub key: Option<Arc<str>>,
    /// Whether the key is for everything in the tenant: not bound to a user nor to a directory.
    pub whole_tenant: bool,
    /// Whether it may change files.
    pub may_write: bool,
    /// Whether it may change layers.
    pub may_change_layers: bool,
}

impl Caller {
    /// Somebody who may do everything in a tenant.
    pub fn trusted(tenant: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            key: None,
            whole_tenant: true,
            may_write: true,
            may_change_layers: true,
        }
    }

    /// The agent that the audit names: `http:KEY/AGENT`. The first part is the server's word, the second the client's.
    pub(crate) fn agent(&self, claimed: &str) -> Arc<str> {
        match &self.key {
            Some(key) if claimed.is_empty() => format!("http:{key}").into(),
            Some(key) => format!("http:{key}/{claimed}").into(),
            None => claimed.into(),
        }
    }

    /// Whoever a batch acts for.
    pub(crate) fn actor(&self, batch: &Batch<'_>) -> Actor {
        Actor {
            uid: batch.by.uid,
            gid: batch.by.gid,
            agent: self.agent(&batch.by.agent),
        }
    }

    /// Refuses a batch as a whole in which anything is that this caller may not do.
    pub(crate) fn check(&self, calls: &[Call<'_>]) -> Result<(), Refusal> {
        if !self.whole_tenant {
            return Err(Refusal::Forbidden(
                "this key is bound to a user or a directory; the operations of the store need one for the whole tenant",
            ));
        }
        for call in calls {
            match call.class() {
                Class::Change if !self.may_write => {
                    return Err(Refusal::Forbidden("this key may not write"));
                }
                Class::History if !self.may_change_layers => {
                    return Err(Refusal::Forbidden("this key may not change layers"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
