//! Sends a request by `wasi:http` of WASI 0.3 to the URL that is its argument, and prints what came of it.

mod http;

use wasip3::cli::{environment, stdout};
use wasip3::wit_stream;

struct Program;

wasip3::cli::command::export!(Program);

impl wasip3::exports::cli::run::Guest for Program {
    async fn run() -> Result<(), ()> {
        let args = environment::get_arguments();
        let said = http::get(args.get(1).ok_or(())?).await;
        let (mut to, from) = wit_stream::new();
        let printed = stdout::write_via_stream(from);
        let left = to.write_all(said.into_bytes()).await;
        drop(to);
        match printed.await {
            Ok(()) if left.is_empty() => Ok(()),
            _ => Err(()),
        }
    }
}
