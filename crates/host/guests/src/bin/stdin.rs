//! Standard input to standard output.

fn main() {
    let copied = std::io::copy(&mut std::io::stdin(), &mut std::io::stdout()).unwrap();
    println!("[{copied}]");
}
