//! Tries to reach the network.

use std::net::TcpStream;

fn main() {
    match TcpStream::connect("127.0.0.1:9") {
        Ok(_) => println!("connected"),
        Err(error) => println!("{:?}", error.kind()),
    }
}
