//! The two servers, each alone on the first core.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;

use super::http::Client;
use crate::programs;

/// How long a server may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program on one core.
pub(crate) fn on_core(core: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command.stdin(Stdio::null());
    command
}

/// A server that ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// What every request brings along.
    pub(crate) authorization: Option<String>,
}

impl Server {
    pub(crate) fn client(&self) -> Result<Client> {
        Client::open(self.port, self.authorization.clone())
    }

    /// Where a file is.
    pub(crate) fn file(&self, name: &str) -> String {
        match self.authorization {
            Some(_) => format!("/api/v1/files/default?path=/{name}"),
            None => format!("/{name}"),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A line of its `/proc/PID/status` in MiB: `VmRSS`, `VmHWM`.
    pub(crate) fn memory(&self, what: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        let kib = line.and_then(|line| line.trim_start_matches(':').split_whitespace().next());
        Ok(kib.ok_or("no such line")?.parse::<f64>()? / 1024.0)
    }

    /// Processor time it has used.
    pub(crate) fn processor(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        programs::ticks(&stat, 11)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `tarbox serve` on a database, and answers how long it took to serve.
pub(crate) fn tarbox(db: &str, key: &str) -> Result<(Server, Duration)> {
    let begun = Instant::now();
    let mut child = on_core(0, &programs::tarbox()?)
        .args([db, "--json", "serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let said: serde_json::Value = serde_json::from_str(&line)?;
    let url = said["url"]
        .as_str()
        .ok_or("the server does not say its address")?;
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap_or_default();
    let server = Server {
        child,
        port: port.parse()?,
        authorization: Some(format!("Bearer {key}")),
    };
    server.client()?.get("/healthz")?;
    Ok((server, begun.elapsed()))
}

/// A database and a key for it.
pub(crate) fn database(db: &str) -> Result<String> {
    let tarbox = programs::tarbox()?;
    programs::time(&tarbox, [db, "init"])?;
    let made = programs::output(&tarbox, [db, "--json", "key", "create", "--scope", "admin"])?;
    let made: serde_json::Value = serde_json::from_str(&made)?;
    Ok(made["key"].as_str().ok_or("no key was made")?.to_owned())
}

/// Starts nginx with the files of a directory, which it takes and gives.
pub(crate) fn nginx(dir: &Path) -> Result<Server> {
    let root = dir.join("root");
    fs::create_dir_all(&root)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let at = dir.display();
    let root = root.display();
    let config = format!(
        "daemon off; master_process off; user root; pid {at}/pid; error_log {at}/errors;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path {at}/bodies; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;
  server {{ listen 127.0.0.1:{port}; root {root}; location / {{ dav_methods PUT DELETE; create_full_put_path on; }} }}
}}
"
    );
    let file = dir.join("nginx.conf");
    fs::write(&file, config)?;
    let mut program = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().map(Path::new);
    let program = program.find(|path| path.exists());
    let child = on_core(
        0,
        program.ok_or("nginx is not there; `cargo xtask setup bench` installs it")?,
    )
    .arg("-c")
    .arg(&file)
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .spawn()?;
    let server = Server {
        child,
        port,
        authorization: None,
    };
    let begun = Instant::now();
    loop {
        match server.client() {
            Ok(_) => return Ok(server),
            Err(e) if begun.elapsed() > PATIENCE => return Err(e),
            Err(_) => std::thread::yield_now(),
        }
    }
}
