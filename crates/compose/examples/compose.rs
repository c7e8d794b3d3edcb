//! Composes without the command: `compose PROVIDER.wasm APP.wasm OUT.wasm [SETTING=VALUE]…`.

use std::process::ExitCode;

use tarbox_compose::Compose;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match compose() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compose: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compose() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [provider, application, out, settings @ ..] = &args[..] else {
        return Err("usage: compose PROVIDER.wasm APP.wasm OUT.wasm [SETTING=VALUE]...".into());
    };
    let settings = settings.iter().filter_map(|text| text.split_once('='));
    let made = Compose {
        application: &std::fs::read(application)?,
        provider: &std::fs::read(provider)?,
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        image: None,
    }
    .compose()?;
    println!("imports of the host: {}", made.imports.join(", "));
    println!("of them, the application's own: {}", made.shared.join(", "));
    Ok(std::fs::write(out, made.component)?)
}
