//! What a program is given: arguments, environment, streams, directories, the audit's name for it.

use tarbox_fs::{FilesystemExt, blocking};
use tarbox_host::{Capability, Preopen, Source};

use crate::guests::{self, Target};
use crate::run::Workspace;

#[test]
fn arguments_environment_and_streams() {
    for target in Target::BOTH {
        let workspace = Workspace::new();
        let mut options = workspace.options();
        options.args = vec!["a b".into(), "ä".into()];
        options.env = vec![("KEY".into(), "value".into())];
        let ended = workspace.run_with(&guests::program("hello", target), options);
        assert_eq!(ended.err, "to stderr\n");
        assert_eq!(
            ended.printed(),
            "args [\"hello.wasm\", \"a b\", \"ä\"]\nenv [(\"KEY\", \"value\")]\n"
        );
    }
}

#[test]
fn standard_input_arrives() {
    for target in Target::BOTH {
        let workspace = Workspace::new();
        let program = guests::program("stdin", target);
        assert_eq!(workspace.run(&program, &[]).printed(), "[0]\n");
        let mut options = workspace.options();
        options.stdin = Source::from(&b"some input\n"[..]);
        assert_eq!(
            workspace.run_with(&program, options).printed(),
            "some input\n[11]\n"
        );
    }
}

#[test]
fn exit_codes_pass_through() {
    let workspace = Workspace::new();
    let module = guests::program("exit", Target::P1);
    for status in [0, 1, 77, 125, 126, 255] {
        assert_eq!(
            workspace.run(&module, &[&status.to_string()]).status.unwrap(),
            status
        );
    }
    let component = guests::program("exit", Target::P2);
    assert_eq!(workspace.run(&component, &["0"]).status.unwrap(), 0);
    assert_eq!(workspace.run(&component, &["1"]).status.unwrap(), 1);
}

#[test]
fn temporary_files_are_gone_after_the_run() {
    for target in Target::BOTH {
        let workspace = Workspace::new();
        let program = guests::program("temporary", target);
        let first = workspace.run(&program, &[]).printed();
        assert!(first.contains("read: \"mine\""), "{first}");
        assert!(first.contains("move out: error 75"), "{first}");
        assert!(first.contains("root: 0"), "{first}");
        assert_eq!(workspace.run(&program, &[]).printed(), first);
    }
}

#[test]
fn changes_are_recorded_under_the_programs_name() {
    let workspace = Workspace::new();
    workspace
        .run(&guests::program("times", Target::P1), &[])
        .printed();
    assert!(
        workspace.agents().contains(&"run:times.wasm".to_owned()),
        "{:?}",
        workspace.agents()
    );
}

#[test]
fn what_is_lent_read_only_stays() {
    for target in Target::BOTH {
        let workspace = Workspace::new();
        workspace.write("/a", b"kept");
        let before = workspace.changes();
        let mut options = workspace.options();
        options.preopens = vec![Preopen::new(workspace.fs.clone(), "/").with(Capability::ReadOnly)];
        let ended = workspace.run_with(&guests::program("files", target), options);
        assert!(ended.out.contains("write: error 69"), "{}", ended.out);
        assert!(ended.out.contains("read: \"kept\""), "{}", ended.out);
        assert_eq!(
            (workspace.changes(), workspace.read("/a")),
            (before, Some(b"kept".to_vec()))
        );
    }
}

#[test]
fn a_directory_can_be_lent_under_another_name() {
    for target in Target::BOTH {
        let workspace = Workspace::new();
        workspace.write("/secret", b"");
        blocking(FilesystemExt::create_dir(
            &*workspace.fs,
            &crate::run::root(),
            "/inside",
        ))
        .unwrap();
        let mut options = workspace.options();
        options.preopens = vec![Preopen::new(workspace.fs.clone(), "/inside").at("/data")];
        options.args = vec!["/data".into()];
        let printed = workspace
            .run_with(&guests::program("dirs", target), options)
            .printed();
        assert!(printed.contains("make: ()"), "{printed}");
        let mut options = workspace.options();
        options.preopens = vec![Preopen::new(workspace.fs.clone(), "/missing")];
        let ended = workspace.run_with(&guests::program("dirs", target), options);
        assert_eq!(
            ended.error().1,
            "cannot give /missing to the program: no such file or directory"
        );
    }
}

#[test]
fn a_name_that_is_no_text_hides_no_other() {
    let workspace = Workspace::new();
    let mut good: Vec<_> = (0..600).map(|i| format!("good-{i:03}")).collect();
    good.sort();
    for (i, name) in good.iter().enumerate() {
        workspace.write(&format!("/{name}"), b"");
        let bad = [b"/bad-\xff-", i.to_string().as_bytes()].concat();
        let root = crate::run::root();
        let made = FilesystemExt::write_file(&*workspace.fs, &root, bad.as_slice(), b"");
        blocking(made).unwrap();
    }
    for target in Target::BOTH {
        let ended = workspace.run(&guests::program("listing", target), &[]);
        assert_eq!(ended.printed(), format!("{good:?}\n"), "{target:?}");
    }
}

#[test]
fn a_file_serves_only_for_what_it_was_opened_for() {
    let expected = "write: error 8 (Uncategorized)\nread: error 8 (Uncategorized)\n\
                    cut: error 28 (InvalidInput)\ncut: ()\ncontent: \"c\"\n";
    for target in Target::BOTH {
        let printed = Workspace::new()
            .run(&guests::program("modes", target), &[])
            .printed();
        assert_eq!(printed, expected, "{target:?}");
    }
}

#[test]
fn there_is_no_network() {
    let workspace = Workspace::new();
    let printed = workspace
        .run(&guests::program("connect", Target::P2), &[])
        .printed();
    assert_eq!(printed, "PermissionDenied\n");
}
