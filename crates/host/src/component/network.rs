//! The network: named endpoints, or none.

use std::net::SocketAddr;

use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

/// Lets a component connect to these addresses and to nothing else. Names are not looked up for it, and it cannot
/// listen.
pub(super) fn allow(wasi: &mut WasiCtxBuilder, endpoints: Vec<SocketAddr>) {
    wasi.allow_ip_name_lookup(false)
        .allow_tcp(!endpoints.is_empty())
        .allow_udp(!endpoints.is_empty())
        .socket_addr_check(move |address, usage| {
            let allowed = match usage {
                // Connecting and sending bind first, to no address in particular.
                SocketAddrUse::TcpBind | SocketAddrUse::UdpBind => {
                    address.ip().is_unspecified() && address.port() == 0
                }
                SocketAddrUse::TcpConnect | SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => {
                    endpoints.contains(&address)
                }
                SocketAddrUse::TcpListen | SocketAddrUse::TcpAccept => false,
            };
            Box::pin(async move { allowed })
        });
}
