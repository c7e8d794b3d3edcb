//! `mcp`: the command as the program of an agent starts it.

use std::process::Stdio;

use rmcp::ServiceExt as _;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use serde_json::{Value, json};

use crate::support::Workspace;

/// Makes calls of tools in a session of their own, and answers what came of them.
fn session(w: &Workspace, args: &[&str], calls: &[(&'static str, Value)]) -> Vec<CallToolResult> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut command = tokio::process::Command::from(w.command());
    command
        .arg("mcp")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    runtime.block_on(async {
        let mut child = command.spawn().unwrap();
        let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let agent = ().serve(pipes).await.unwrap();
        let mut results = Vec::new();
        for (name, arguments) in calls {
            let arguments = arguments.as_object().unwrap().clone();
            let request = CallToolRequestParams::new(*name).with_arguments(arguments);
            results.push(agent.call_tool(request).await.unwrap());
        }
        agent.cancel().await.unwrap();
        assert!(child.wait().await.unwrap().success());
        results
    })
}

#[test]
fn an_agent_works_over_standard_input() {
    let w = Workspace::new();
    let results = session(
        &w,
        &[],
        &[
            ("write", json!({"path": "/notes/a.txt", "content": "first"})),
            ("checkpoint", json!({"name": "one"})),
            (
                "edit",
                json!({"path": "/notes/a.txt", "old": "first", "new": "second"}),
            ),
            ("diff", json!({"from": "one"})),
        ],
    );
    assert!(
        results.iter().all(|result| result.is_error != Some(true)),
        "{results:?}"
    );
    let diff = results[3].structured_content.as_ref().unwrap();
    assert_eq!(diff["changes"][0]["path"], "/notes/a.txt");
    assert_eq!(w.ok(["cat", "/notes/a.txt"]), "second");
    assert!(w.ok(["audit", "--agent", "mcp"]).contains("/notes/a.txt"));
}

#[test]
fn an_agent_is_kept_where_it_belongs() {
    let w = Workspace::new();
    w.ok(["mkdir", "/docs"]);
    w.ok(["mkdir", "/secret"]);
    let results = session(
        &w,
        &["--scope", "read", "--path", "/docs"],
        &[
            ("list", json!({"path": "/"})),
            ("list", json!({"path": "/secret"})),
            ("list", json!({"path": "/../secret"})),
            ("write", json!({"path": "/x", "content": ""})),
        ],
    );
    let failed: Vec<_> = results
        .iter()
        .map(|result| result.is_error == Some(true))
        .collect();
    assert_eq!(failed, [false, true, true, true], "{results:?}");
}
