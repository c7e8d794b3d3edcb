//! The tools, as the protocol has them.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool as Described, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt as _};
use serde_json::Value;

use crate::desk::Desks;
use crate::tool;

const INSTRUCTIONS: &str = "A Tarbox workspace: files whose every change is recorded and can be undone. Paths are absolute. \
    Take a checkpoint before larger changes, look at them with diff, and go back with switch.";

/// Serves tools to an agent.
#[derive(Clone, Debug)]
pub struct Agent<D: Desks> {
    desks: D,
}

impl<D: Desks> Agent<D> {
    /// Serves those who have a desk here.
    pub fn new(desks: D) -> Self {
        Self { desks }
    }

    /// Serves whoever writes to standard input, until that ends.
    ///
    /// # Errors
    /// When the protocol does not begin, or is broken.
    pub async fn serve_stdio(self) -> std::io::Result<()> {
        let running = self
            .serve(rmcp::transport::stdio())
            .await
            .map_err(std::io::Error::other)?;
        running.waiting().await.map(drop).map_err(std::io::Error::other)
    }
}

impl<D: Desks> ServerHandler for Agent<D> {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info.name = "tarbox".into();
        info.server_info.version = env!("CARGO_PKG_VERSION").into();
        info.instructions = Some(INSTRUCTIONS.into());
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = tool::all::<D::Place>().into_iter().map(|tool| {
            let mut described = Described::new(tool.name, tool.about, Arc::new((tool.takes)()));
            described.annotations = Some(
                ToolAnnotations::new()
                    .read_only(tool.only_reads)
                    .open_world(false),
            );
            described
        });
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let found = tool::all::<D::Place>()
            .into_iter()
            .find(|tool| tool.name == request.name);
        let Some(found) = found else {
            return Err(ErrorData::invalid_params(
                format!("there is no tool '{}'", request.name),
                None,
            ));
        };
        let mut desk = self.desks.desk(&context.extensions).await?;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        // What has begun goes on when nobody waits for it any more.
        let done = tokio::task::spawn_blocking(move || (found.act)(&mut desk, arguments)).await;
        let done = done.map_err(|_| ErrorData::internal_error("the tool failed", None))?;
        Ok(match done {
            Ok(said) => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(said.text)]);
                result.structured_content = said.object;
                result.into()
            }
            Err(error) => {
                let text = format!("{}: {error}", error.kind().code());
                CallToolResult::error(vec![ContentBlock::text(text)]).into()
            }
        })
    }
}
