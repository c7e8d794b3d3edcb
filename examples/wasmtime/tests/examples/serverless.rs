//! `examples/serverless`: instances come and go.

use std::process::Command;

use crate::support::{KEY, Serving, example, http_component, left_in, output, read};

#[test]
fn the_script_works() {
    let said = output(
        Command::new(example("serverless/run.sh"))
            .env("SERVE", env!("CARGO_BIN_EXE_serve"))
            .env("TARBOX_HTTP_COMPONENT", http_component()),
    );
    for number in 1..=8 {
        assert!(said.contains(&format!("line {number}\n")), "{said}");
    }
    assert!(said.contains("refused: another one was faster\n"), "{said}");
    assert!(said.ends_with("again.\n2\n"), "{said}");
}

#[test]
fn two_servers_on_one_directory_wait_or_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let servers = [(); 2].map(|()| Serving::start(dir.path(), "/data", &[("TARBOX_API_KEY", KEY)]));
    let done: Vec<String> = std::thread::scope(|scope| {
        let ask = |server: usize| {
            let server = &servers[server];
            move || {
                let names = (0..8).map(|number| format!("/{}-{number}", server.port()));
                let made = names.filter(|name| {
                    let target = format!("/api/v1/files/default?path={name}");
                    let (status, body) = server.ask("PUT", &target, name);
                    assert!(matches!(status, 201 | 503), "{status}: {body}");
                    status == 201
                });
                made.collect::<Vec<_>>()
            }
        };
        let threads = [0, 1].map(|server| scope.spawn(ask(server)));
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    assert!(!done.is_empty());
    let left = left_in(dir.path());
    for name in done {
        assert_eq!(read(&left, &name), name);
    }
}
