//! Where an agent works, and what it may do there.

use rmcp::ErrorData;
use rmcp::model::Extensions;
use tarbox_calls::{OPERATIONS, Place, Request, Workspace};
use tarbox_store::{Error, ErrorKind, Result, Scope};

/// One agent's part of a workspace.
pub struct Desk<P: Place> {
    pub(crate) workspace: Workspace<P>,
    scope: Scope,
}

impl<P: Place> std::fmt::Debug for Desk<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("workspace", &self.workspace)
            .field("scope", &self.scope)
            .finish()
    }
}

impl<P: Place> Desk<P> {
    /// A workspace, for whoever may do so much in it.
    pub fn new(workspace: Workspace<P>, scope: Scope) -> Self {
        Self { workspace, scope }
    }

    pub(crate) fn allow(&self, scope: Scope) -> Result<()> {
        let refused = |why: String| Err(Error::new(ErrorKind::Access).because(why));
        if self.scope < scope {
            let (has, needed) = (self.scope.word(), scope.word());
            return refused(format!("the key has the scope '{has}', and '{needed}' is needed"));
        }
        match scope >= Scope::Layers && self.workspace.is_confined() {
            true => refused("the key is confined to a part of the workspace".to_owned()),
            false => Ok(()),
        }
    }

    /// Does one of the operations that the npm package has, too.
    pub(crate) fn call(&mut self, name: &str, request: &Request<'_>) -> Result<(f64, Vec<u8>)> {
        let number = OPERATIONS.iter().position(|(known, _)| *known == name);
        let number = number.and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or(ErrorKind::Unsupported)?;
        let mut out = Vec::new();
        let value = self.workspace.call(number, request, &mut out)?;
        Ok((value, out))
    }
}

/// Finds the desk of whoever makes a request.
pub trait Desks: Clone + Send + Sync + 'static {
    /// Whose files they are.
    type Place: Place + Send + Sync + 'static;

    /// The desk, from what the transport says of the request.
    ///
    /// # Errors
    /// When nobody may work.
    fn desk(
        &self,
        extensions: &Extensions,
    ) -> impl Future<Output = std::result::Result<Desk<Self::Place>, ErrorData>> + Send;
}

/// A desk is made anew for each request, always in the same way: for standard input and output.
#[derive(Clone, Debug)]
pub struct Only<F>(pub F);

impl<P, F> Desks for Only<F>
where
    P: Place + Send + Sync + 'static,
    F: Fn() -> Desk<P> + Clone + Send + Sync + 'static,
{
    type Place = P;

    async fn desk(&self, _: &Extensions) -> std::result::Result<Desk<P>, ErrorData> {
        Ok((self.0)())
    }
}
