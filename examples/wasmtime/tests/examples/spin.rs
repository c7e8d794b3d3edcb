//! `examples/spin`: a manifest that Spin takes, and what it describes, on Wasmtime.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::support::{KEY, Serving, example, http_component, left_in, read};

/// Version 2 of Spin's manifest, as far as the example has any use for it; nothing else is let through.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    spin_manifest_version: u32,
    application: Application,
    trigger: Triggers,
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    name: String,
    version: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    http: Vec<HttpTrigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpTrigger {
    route: String,
    component: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Component {
    source: String,
    files: Vec<Mount>,
    environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mount {
    source: String,
    destination: String,
}

fn manifest(text: &str) -> Result<Manifest, toml::de::Error> {
    toml::from_str(text)
}

fn text() -> String {
    std::fs::read_to_string(example("spin/spin.toml")).unwrap()
}

#[test]
fn what_the_manifest_describes_works() {
    let manifest = manifest(&text()).unwrap();
    assert_eq!(manifest.spin_manifest_version, 2);
    let Application {
        name,
        version,
        description,
    } = &manifest.application;
    assert_eq!((name.as_str(), version.split('.').count()), ("tarbox", 3));
    assert!(!description.is_empty());
    let [trigger] = &manifest.trigger.http[..] else {
        panic!("one route");
    };
    let component = &manifest.component[&trigger.component];
    assert_eq!(manifest.component.len(), 1);
    assert_eq!(http_component().file_name().unwrap(), component.source.as_str());
    let [mount] = &component.files[..] else {
        panic!("one directory");
    };
    // A source is below the manifest's directory, and a destination an absolute path.
    assert!(!mount.source.starts_with('/') && mount.destination.starts_with('/'));
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join(&mount.source);
    std::fs::create_dir(&data).unwrap();
    let given = component.environment.iter();
    let mut env: Vec<_> = given
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    env.push(("TARBOX_API_KEY", KEY));
    let serving = Serving::start(&data, &mount.destination, &env);
    let base = trigger.route.strip_suffix("/...").expect("all below it");
    let file = format!("{base}/api/v1/files/default?path=/notes.txt");
    assert_eq!(serving.ask("PUT", &file, "kept").0, 201);
    assert_eq!(serving.ask("GET", &file, ""), (200, "kept".to_owned()));
    assert_eq!(read(&left_in(&data), "/notes.txt"), "kept");
}

#[test]
fn a_manifest_with_something_else_is_not_let_through() {
    let good = text();
    for (part, instead) in [
        ("spin_manifest_version", "manifest_version"),
        ("route = ", "routes = "),
        ("source = \"tarbox", "sources = \"tarbox"),
        ("destination", "target"),
        ("[[trigger.http]]", "[trigger.http]"),
    ] {
        let wrong = good.replacen(part, instead, 1);
        assert!(wrong != good && manifest(&wrong).is_err(), "{instead}");
    }
}
