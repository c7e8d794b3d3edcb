//! The API of the server, judged by its own document.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::Cmd;
use crate::project::Project;

/// A server on a database of its own, gone with this.
struct Server {
    child: Child,
    directory: PathBuf,
    url: String,
    key: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing more is wanted of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Server {
    fn start(project: &Project) -> Result<Self> {
        let directory = project.tools.work().join(format!("api-{}", std::process::id()));
        std::fs::create_dir_all(&directory)?;
        let mut child = Command::new(project.binary("debug", "tarbox"))
            .arg("--db")
            .arg(directory.join("work.db"))
            .args(["--json", "serve", "--listen", "127.0.0.1:0"])
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .context("the server does not start")?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let started: Value = serde_json::from_str(&line).context("the server does not start")?;
        let text = |name: &str| started[name].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            child,
            directory,
            url: text("url"),
            key: text("key"),
        })
    }
}

/// The document as a document: what it defines, names and describes.
pub(super) fn lint(project: &Project) -> Result<()> {
    project.cargo().args(["build", "--package=tarbox-cli"]).run()?;
    let server = Server::start(project)?;
    project
        .node()
        .arg(project.tools.spectral())
        .args(["lint", &format!("{}api/v1/openapi.json", server.url)])
        .arg("--ruleset")
        .arg(project.root.join("xtask/spectral.yaml"))
        .args(["--fail-severity", "hint"])
        .advice("the document is made in crates/server/src/openapi.rs")
        .run()
}

/// Sends what the document allows and what it does not, and compares the answers with it. What a text means is not in the
/// document, so that one that fits it may still be refused: that check is left out.
pub(super) fn judge(project: &Project, long: bool) -> Result<()> {
    project.cargo().args(["build", "--package=tarbox-cli"]).run()?;
    let server = Server::start(project)?;
    let examples = if long { "500" } else { "15" };
    Cmd::new(project.tools.schemathesis())
        .args(["run", &format!("{}api/v1/openapi.json", server.url)])
        .args(["--header", &format!("Authorization: Bearer {}", server.key)])
        .args(["--checks", "all"])
        // Examples need not be there; and a request that is repeated under its key answers what it made, which may be gone.
        .args([
            "--exclude-checks",
            "positive_data_acceptance,ensure_resource_availability",
        ])
        // Streams do not end by themselves; archives, and bodies of a line and bytes, are made by others.
        .args([
            "--exclude-path-regex",
            r"/watch/|/feed$|/archive/|/blocks/\{tenant\}$",
        ])
        .args(["--phases", "examples,coverage,fuzzing,stateful"])
        .args(["--max-examples", examples, "--generation-database", ":memory:"])
        .args(["--suppress-health-check", "all", "--continue-on-failure"])
        .dir(&server.directory)
        .advice("`st replay` above repeats a request; the document is made in crates/server/src/openapi.rs")
        .run()
}
