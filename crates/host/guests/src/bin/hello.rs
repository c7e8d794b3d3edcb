//! Arguments, environment, both outputs.

fn main() {
    let args: Vec<_> = std::env::args().collect();
    let mut env: Vec<_> = std::env::vars().collect();
    env.sort();
    println!("args {args:?}");
    println!("env {env:?}");
    eprintln!("to stderr");
}
