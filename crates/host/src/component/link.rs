//! The interfaces of the world `wasi:cli/command` for a component to import, and `wasi:http`.

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, random, sockets};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};

use super::bindings::{preopens, types};
use super::state::State;
use super::{http, p3};

/// A linker with all of them that this component may import.
pub(super) fn linker(component: &Component) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(component.engine());
    let l = &mut linker;
    wasmtime_wasi_io::add_to_linker_async(l)?;
    types::add_to_linker::<State, HasSelf<State>>(l, |state| state)?;
    preopens::add_to_linker::<State, HasSelf<State>>(l, |state| state)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<State, WasiRandom>(l, State::random)?;
    random::insecure::add_to_linker::<State, WasiRandom>(l, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(l, State::random)?;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::network::add_to_linker::<State, WasiSockets>(l, &Default::default(), State::sockets)?;
    if imports(component, |name| name.contains("@0.3.")) {
        p3::add_to_linker(l)?;
    }
    if imports(component, |name| name.starts_with("wasi:http/")) {
        http::add_to_linker(l)?;
    }
    Ok(linker)
}

/// Whether a component imports an interface that is like this: what it does not need takes no time.
fn imports(component: &Component, is_like: impl Fn(&str) -> bool) -> bool {
    let ty = component.component_type();
    ty.imports(component.engine()).any(|(name, _)| is_like(name))
}

/// Whether an interface of this name is among them, in whatever version: the exact one the linker checks.
pub(super) fn provides(interface: &str) -> bool {
    let (name, version) = interface.split_once('@').unwrap_or((interface, ""));
    let known = [
        "wasi:io/",
        "wasi:filesystem/",
        "wasi:clocks/",
        "wasi:random/",
        "wasi:cli/",
        "wasi:sockets/",
        "wasi:http/",
    ];
    ["0.2.", "0.3."].iter().any(|known| version.starts_with(known))
        && known.iter().any(|package| name.starts_with(package))
}
