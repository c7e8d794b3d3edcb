//! `examples/kubernetes`: manifests that Kubernetes takes, and what their containers do, in WasmEdge.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;
use tarbox_fs::{FilesystemExt as _, Follow, blocking};

use crate::support::{example, left_in, output, root, tarbox_wasm};
use crate::wasmedge::wasmedge;

/// The objects of the manifest, with the fields that the example has any use for; nothing else is let through.
#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Object {
    RuntimeClass(RuntimeClass),
    PersistentVolumeClaim(Claim),
    Job(Job),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuntimeClass {
    api_version: String,
    metadata: Metadata,
    handler: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Metadata {
    name: Option<String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Claim {
    api_version: String,
    metadata: Metadata,
    spec: ClaimSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClaimSpec {
    access_modes: Vec<String>,
    resources: Resources,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resources {
    requests: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Job {
    api_version: String,
    #[expect(dead_code, reason = "it has to be there")]
    metadata: Metadata,
    spec: JobSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it has to be there")]
struct JobSpec {
    backoff_limit: u32,
    template: Template,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    metadata: Metadata,
    spec: PodSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PodSpec {
    runtime_class_name: String,
    restart_policy: String,
    init_containers: Vec<Container>,
    containers: Vec<Container>,
    volumes: Vec<Volume>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Container {
    name: String,
    image: String,
    args: Vec<String>,
    volume_mounts: Vec<Mount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Mount {
    name: String,
    mount_path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Volume {
    name: String,
    persistent_volume_claim: ClaimName,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClaimName {
    claim_name: String,
}

fn parse(text: &str) -> Option<(RuntimeClass, Claim, Job)> {
    let objects: Result<Vec<Object>, _> = text.split("\n---\n").map(serde_saphyr::from_str).collect();
    let objects: [Object; 3] = objects.ok()?.try_into().ok()?;
    match objects {
        [
            Object::RuntimeClass(class),
            Object::PersistentVolumeClaim(claim),
            Object::Job(job),
        ] => Some((class, claim, job)),
        _ => None,
    }
}

fn text() -> String {
    std::fs::read_to_string(example("kubernetes/workspace.yaml")).unwrap()
}

#[test]
fn what_the_manifests_describe_works() {
    let (class, claim, job) = parse(&text()).expect("three objects, with known fields");
    assert_eq!(
        (class.api_version.as_str(), class.handler.as_str()),
        ("node.k8s.io/v1", "crun")
    );
    assert_eq!(
        (claim.api_version.as_str(), job.api_version.as_str()),
        ("v1", "batch/v1")
    );
    // One pod at a time has the volume.
    assert_eq!(claim.spec.access_modes, ["ReadWriteOncePod"]);
    assert_eq!(claim.spec.resources.requests["storage"], "1Gi");
    let Template { metadata, spec: pod } = &job.spec.template;
    assert_eq!(Some(&pod.runtime_class_name), class.metadata.name.as_ref());
    assert_eq!(pod.restart_policy, "OnFailure");
    // By this crun knows a module, in an annotation or the image's labels.
    let variant = &metadata.annotations["module.wasm.image/variant"];
    let image = std::fs::read_to_string(example("kubernetes/Containerfile")).unwrap();
    assert!(image.contains(&format!("LABEL module.wasm.image/variant={variant}\n")));
    assert!(image.contains("COPY tarbox.wasm /tarbox.wasm\nENTRYPOINT [\"/tarbox.wasm\"]\n"));
    let [volume] = &pod.volumes[..] else {
        panic!("one volume");
    };
    assert_eq!(
        Some(&volume.persistent_volume_claim.claim_name),
        claim.metadata.name.as_ref()
    );

    let dir = tempfile::tempdir().unwrap();
    // After a failure Kubernetes repeats them.
    for _ in 0..2 {
        for container in pod.init_containers.iter().chain(&pod.containers) {
            let [mount] = &container.volume_mounts[..] else {
                panic!("{}: one volume", container.name);
            };
            assert_eq!(mount.name, volume.name, "{}", container.name);
            assert!(container.image.starts_with("registry.example/tarbox-wasm:"));
            output(
                Command::new(wasmedge("0.14"))
                    .arg("--dir")
                    .arg(format!("{}:{}", mount.mount_path, dir.path().display()))
                    .arg(tarbox_wasm())
                    .args(&container.args),
            );
        }
    }
    let left = left_in(dir.path());
    blocking(left.resolve(&root(), "/done", Follow::No)).unwrap();
}

#[test]
fn a_manifest_with_something_else_is_not_let_through() {
    let good = text();
    for (part, instead) in [
        ("handler:", "handlers:"),
        ("accessModes", "accessmodes"),
        ("claimName", "claim"),
        ("mountPath", "path"),
        ("kind: Job", "kind: CronJob"),
        ("args:", "arguments:"),
    ] {
        let wrong = good.replacen(part, instead, 1);
        assert!(wrong != good && parse(&wrong).is_none(), "{instead}");
    }
}
