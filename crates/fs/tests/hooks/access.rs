//! Who may use the hooks.

use tarbox_fs::{FilesystemExt, Follow, FsOptions, blocking};
use tarbox_store::{ErrorKind, SetAttr};

use crate::shell::*;

const CONTROL: [&str; 6] = [
    "layers/new",
    "layers/switch",
    "layers/drop",
    "layers/squash",
    "control/flush",
    "control/gc",
];

fn give_root_directory(fs: &Workspace, uid: u32, gid: u32) {
    let root = Shell::root(fs);
    let set = SetAttr {
        uid: Some(uid),
        gid: Some(gid),
        ..SetAttr::default()
    };
    blocking(fs.set_attr(&root.who, "/", &set, Follow::Yes)).unwrap();
}

#[test]
fn everyone_reads_and_the_owner_acts() {
    let fs = workspace();
    let stranger = Shell::user(&fs, 7);
    for file in [
        "README",
        "layers/current",
        "layers/list",
        "layers/tree",
        "stats/usage",
        "control/last-error",
    ] {
        stranger.cat(&format!("/.tarbox/{file}")).unwrap();
    }
    for file in CONTROL {
        fails(stranger.echo("x", &format!("/.tarbox/{file}")), ErrorKind::Access);
    }
    fails(stranger.echo("x", "/.tarbox/layers/tags/t"), ErrorKind::Access);
    for file in ["audit/recent", "audit/query", "layers/diff"] {
        fails(stranger.cat(&format!("/.tarbox/{file}")), ErrorKind::Access);
    }
    fails(stranger.ls("/.tarbox/audit"), ErrorKind::Access);
}

#[test]
fn the_owner_of_the_root_directory_is_the_owner() {
    let fs = workspace();
    give_root_directory(&fs, 7, 70);
    let owner = Shell::user(&fs, 7);
    owner.echo("base", "/.tarbox/layers/new").unwrap();
    owner.echo("base", "/.tarbox/layers/tags/t").unwrap();
    owner.rm("/.tarbox/layers/tags/t").unwrap();
    owner.cat("/.tarbox/audit/recent").unwrap();
    // The group watches.
    let member = Shell::user(&fs, 70);
    member.cat("/.tarbox/audit/recent").unwrap();
    member.echo("op=checkpoint", "/.tarbox/audit/query").unwrap();
    fails(member.echo("x", "/.tarbox/layers/new"), ErrorKind::Access);
    Shell::root(&fs).echo("by-root", "/.tarbox/layers/new").unwrap();
}

#[test]
fn another_may_be_put_in_charge() {
    let fs = workspace_with(FsOptions {
        control_uid: Some(9),
        ..FsOptions::default()
    });
    give_root_directory(&fs, 7, 7);
    Shell::user(&fs, 9).echo("base", "/.tarbox/layers/new").unwrap();
    fails(
        Shell::user(&fs, 7).echo("x", "/.tarbox/layers/new"),
        ErrorKind::Access,
    );
}

#[test]
fn a_closed_root_closes_the_hooks() {
    let fs = workspace();
    let root = Shell::root(&fs);
    let set = SetAttr {
        mode: Some(0o700),
        ..SetAttr::default()
    };
    blocking(fs.set_attr(&root.who, "/", &set, Follow::Yes)).unwrap();
    fails(Shell::user(&fs, 7).cat("/.tarbox/README"), ErrorKind::Access);
}
