//! `wasi:sockets`: there is no network. Its streams would be the host's, and many programs import what they never call.
//!
//! Making a socket and looking up a name are denied, so no other function is ever called: their resources have no values.

use crate::Provider;
use crate::bindings::exports::wasi::clocks::monotonic_clock::Duration;
use crate::bindings::exports::wasi::io::poll::Pollable;
use crate::bindings::exports::wasi::io::streams::{InputStream, OutputStream};
use crate::bindings::exports::wasi::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Network, NetworkBorrow,
};
use crate::bindings::exports::wasi::sockets::tcp::{ShutdownType, TcpSocket};
use crate::bindings::exports::wasi::sockets::udp::{
    IncomingDatagram, IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket,
};
use crate::bindings::exports::wasi::sockets::{
    instance_network, ip_name_lookup, network, tcp, tcp_create_socket, udp, udp_create_socket,
};

type Result<T> = std::result::Result<T, ErrorCode>;

/// The network, which leads nowhere.
pub(crate) struct Nowhere;

/// A resource that is never made.
pub(crate) enum Never {}

/// Methods of such a resource.
macro_rules! never {
    ($($name:ident($($arg:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self $(, _: $arg)*) -> $out {
            match *self {}
        })*
    };
}

impl network::Guest for Provider {
    type Network = Nowhere;
}

impl network::GuestNetwork for Nowhere {}

impl instance_network::Guest for Provider {
    fn instance_network() -> Network {
        Network::new(Nowhere)
    }
}

impl ip_name_lookup::Guest for Provider {
    type ResolveAddressStream = Never;

    fn resolve_addresses(_: NetworkBorrow<'_>, _: String) -> Result<ip_name_lookup::ResolveAddressStream> {
        Err(ErrorCode::AccessDenied)
    }
}

impl ip_name_lookup::GuestResolveAddressStream for Never {
    never! {
        resolve_next_address() -> Result<Option<IpAddress>>;
        subscribe() -> Pollable;
    }
}

impl tcp_create_socket::Guest for Provider {
    fn create_tcp_socket(_: IpAddressFamily) -> Result<TcpSocket> {
        Err(ErrorCode::AccessDenied)
    }
}

impl tcp::Guest for Provider {
    type TcpSocket = Never;
}

impl tcp::GuestTcpSocket for Never {
    never! {
        start_bind(NetworkBorrow<'_>, IpSocketAddress) -> Result<()>;
        finish_bind() -> Result<()>;
        start_connect(NetworkBorrow<'_>, IpSocketAddress) -> Result<()>;
        finish_connect() -> Result<(InputStream, OutputStream)>;
        start_listen() -> Result<()>;
        finish_listen() -> Result<()>;
        accept() -> Result<(TcpSocket, InputStream, OutputStream)>;
        local_address() -> Result<IpSocketAddress>;
        remote_address() -> Result<IpSocketAddress>;
        is_listening() -> bool;
        address_family() -> IpAddressFamily;
        set_listen_backlog_size(u64) -> Result<()>;
        keep_alive_enabled() -> Result<bool>;
        set_keep_alive_enabled(bool) -> Result<()>;
        keep_alive_idle_time() -> Result<Duration>;
        set_keep_alive_idle_time(Duration) -> Result<()>;
        keep_alive_interval() -> Result<Duration>;
        set_keep_alive_interval(Duration) -> Result<()>;
        keep_alive_count() -> Result<u32>;
        set_keep_alive_count(u32) -> Result<()>;
        hop_limit() -> Result<u8>;
        set_hop_limit(u8) -> Result<()>;
        receive_buffer_size() -> Result<u64>;
        set_receive_buffer_size(u64) -> Result<()>;
        send_buffer_size() -> Result<u64>;
        set_send_buffer_size(u64) -> Result<()>;
        subscribe() -> Pollable;
        shutdown(ShutdownType) -> Result<()>;
    }
}

impl udp_create_socket::Guest for Provider {
    fn create_udp_socket(_: IpAddressFamily) -> Result<UdpSocket> {
        Err(ErrorCode::AccessDenied)
    }
}

impl udp::Guest for Provider {
    type UdpSocket = Never;
    type IncomingDatagramStream = Never;
    type OutgoingDatagramStream = Never;
}

impl udp::GuestUdpSocket for Never {
    never! {
        start_bind(NetworkBorrow<'_>, IpSocketAddress) -> Result<()>;
        finish_bind() -> Result<()>;
        stream(Option<IpSocketAddress>) -> Result<(IncomingDatagramStream, OutgoingDatagramStream)>;
        local_address() -> Result<IpSocketAddress>;
        remote_address() -> Result<IpSocketAddress>;
        address_family() -> IpAddressFamily;
        unicast_hop_limit() -> Result<u8>;
        set_unicast_hop_limit(u8) -> Result<()>;
        receive_buffer_size() -> Result<u64>;
        set_receive_buffer_size(u64) -> Result<()>;
        send_buffer_size() -> Result<u64>;
        set_send_buffer_size(u64) -> Result<()>;
        subscribe() -> Pollable;
    }
}

impl udp::GuestIncomingDatagramStream for Never {
    never! {
        receive(u64) -> Result<Vec<IncomingDatagram>>;
        subscribe() -> Pollable;
    }
}

impl udp::GuestOutgoingDatagramStream for Never {
    never! {
        check_send() -> Result<u64>;
        send(Vec<OutgoingDatagram>) -> Result<u64>;
        subscribe() -> Pollable;
    }
}
