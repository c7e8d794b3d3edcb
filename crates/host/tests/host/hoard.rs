//! Components that ask for too much, or out of order: on the host's own file system, and composed with theirs.

use tarbox_fs::{FilesystemExt as _, blocking};
use tarbox_host::Preopen;

use crate::composed::{composed, left_in};
use crate::guests::{self, Target};
use crate::reference::Metered;
use crate::run::{Workspace, root};

const GUEST: &str = "hoard";

/// What it prints under `tarbox run`; the workspace is whole afterwards.
fn on_the_host(args: &[&str]) -> String {
    let workspace = Workspace::new();
    let printed = workspace.run(&guests::program(GUEST, Target::P2), args).printed();
    workspace.check();
    printed
}

/// What it prints with its workspace inside, which is whole afterwards.
fn with_its_own(args: &[&str]) -> String {
    let program = Metered::new(&composed(GUEST, Target::P2, &[]));
    let dir = tempfile::tempdir().unwrap();
    let (printed, ended) = program.run(dir.path(), args, u64::MAX / 2);
    ended.unwrap();
    left_in(dir.path());
    printed
}

/// Many: in the long run as many as the issue of a file system's descriptors can be.
fn many() -> String {
    let count = match std::env::var_os("TARBOX_LONG") {
        Some(_) => 1_000_000,
        None => 30_000,
    };
    count.to_string()
}

#[test]
fn descriptors_streams_and_pollables_by_the_thousand() {
    let many = many();
    for run in [on_the_host, with_its_own] {
        let opened = run(&["descriptors", &many]);
        let count: usize = opened.split(' ').next().unwrap().parse().unwrap();
        // All of them, or an error code at some number.
        assert!(
            opened == format!("{many} None Some(7)\n") || count > 1000 && opened.contains("Some(\""),
            "{opened}"
        );
        let streams = run(&["streams", &many]);
        assert_eq!(
            streams,
            format!("{many} {many} Some([99, 111, 110, 116, 101, 110, 116])\n")
        );
        let all = many.parse::<usize>().unwrap() + 1;
        assert_eq!(run(&["poll", &many]), format!("{many} of {all}\n"));
    }
}

#[test]
fn streams_outlive_their_file_and_its_name() {
    let expected =
        "splice: Ok(3)\nread: Ok([116, 101, 110, 116, 99, 111, 110])\ntwice: no-entry\nend: true\n";
    assert_eq!(on_the_host(&["orphans"]), expected);
    assert_eq!(with_its_own(&["orphans"]), expected);
}

#[test]
fn no_path_leads_out() {
    for run in [on_the_host, with_its_own] {
        let printed = run(&["lead"]);
        // A link that says `..` may be there, but nobody gets anywhere by it.
        let (made, refused) = printed.split_once("up: done").expect("a link");
        assert_eq!(made, "absolute: not-permitted\n");
        for path in ["..", "../etc/passwd", "d/../../etc/passwd", "/etc/passwd"] {
            for call in ["", "make ", "rename ", "stat "] {
                assert!(
                    refused.contains(&format!("\n{call}{path}: not-permitted\n")),
                    "{refused}"
                );
            }
        }
        for path in ["d/up", "d/./../d/up"] {
            for call in ["", "make ", "stat "] {
                assert!(
                    refused.contains(&format!("\n{call}{path}: not-permitted\n")),
                    "{refused}"
                );
            }
        }
    }
}

#[test]
fn a_link_that_changes_meanwhile_leads_another_guest_nowhere() {
    let workspace = Workspace::new();
    for dir in ["/inside", "/inside/d"] {
        blocking(workspace.fs.create_dir(&root(), dir)).unwrap();
    }
    workspace.write("/inside/d/f", b"inside");
    workspace.write("/f", b"secret");
    let options = |dir: &str, args: &[&str]| {
        let mut options = workspace.options();
        options.preopens = vec![Preopen::new(workspace.fs.clone(), dir).at("/")];
        options.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        options
    };
    let program = guests::program(GUEST, Target::P2);
    let printed = std::thread::scope(|scope| {
        let swap = options("/", &["swap", "3000", "inside/d", ".."]);
        let swapping = scope.spawn(|| workspace.run_with(&program, swap).printed());
        let peek = options("/inside", &["peek", "20000", "d/f"]);
        let printed = workspace.run_with(&program, peek).printed();
        swapping.join().unwrap();
        printed
    });
    assert!(
        printed.contains("inside") && !printed.contains("secret"),
        "{printed}"
    );
    workspace.check();
}
