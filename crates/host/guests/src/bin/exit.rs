//! Ends with the status it is given.

fn main() {
    let status = std::env::args().nth(1).and_then(|arg| arg.parse().ok());
    std::process::exit(status.unwrap_or(0));
}
