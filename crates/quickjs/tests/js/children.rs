//! `child_process`: the engine in the engine.

use std::time::Duration;

use tarbox_quickjs::{Death, Limits, Outcome};

use crate::support::Workspace;

#[test]
fn a_script_runs_another_and_hears_what_became_of_it() {
    let workspace = Workspace::new();
    workspace.write(
        "/app/child.js",
        "process.stdin.on('data', (d) => process.stdout.write(`got ${d}`)); process.stdin.on('end', () => { console.error(process.env.A, process.cwd(), process.argv.slice(2).join()); process.exitCode = 3; });",
    );
    workspace.write(
        "/app/main.js",
        r#"
        const { spawn, spawnSync, exec, execFileSync, execSync } = require('child_process');
        const node = process.execPath;
        const one = spawnSync(node, ['/app/child.js', 'x', 'y'], { input: 'in', env: { A: 'a' }, cwd: '/app', encoding: 'utf8' });
        console.log(one.status, one.signal, one.stdout, one.stderr);
        console.log(execFileSync(node, ['-p', '[1, 2]'], { encoding: 'utf8' }), String(execSync(`"${node}" -e "console.log('quoted')"`)));
        try { execFileSync(node, ['-e', 'console.error("bad"); process.exit(9)'], { stdio: 'pipe' }); } catch (error) { console.log(error.status, error.message); }
        console.log(spawnSync('ls').error.code, spawnSync(node, ['-e', 'for (;;);'], { timeout: 100 }).error.code);
        spawnSync('node', ['-e', 'console.log("shown")'], { stdio: 'inherit' });
        const child = spawn('node', ['child.js'], { cwd: '/app' });
        child.stdout.on('data', (d) => console.log('out', String(d)));
        child.on('exit', (code) => console.log('exit', code)).on('close', (code) => console.log('close', code));
        child.stdin.write('a'); child.stdin.end('b');
        child.on('close', () => exec(`${node} -e "process.exit(2)"`, (error, out, err) => console.log(error.code, JSON.stringify(out + err))));
        spawn('/none').on('error', (error) => console.log(error.code, error.syscall));
        "#,
    );
    assert_eq!(
        workspace.run_file("/app/main.js").text(),
        "3 null got in a /app x,y\n\n[ 1, 2 ]\n quoted\n\n9 Command failed: /usr/local/bin/tarbox -e console.error(\"bad\"); process.exit(9)\nbad\n\n\
         ENOENT ETIMEDOUT\nshown\nENOENT spawn /none\nout got ab\nexit 3\nclose 3\n2 \"\"\n"
    );
}

/// All of them together have what one has.
#[test]
fn children_share_the_limits() {
    let fuel = Limits {
        fuel: Some(20_000_000),
        ..Limits::default()
    };
    let endless = "require('child_process').spawnSync('node', ['-e', 'for (;;);']); console.log('after')";
    let ran = Workspace::new().run_within(endless, fuel);
    assert_eq!(
        (ran.outcome, ran.output.as_str()),
        (Outcome::Died(Death::Fuel), "")
    );
    let time = Limits {
        timeout: Some(Duration::from_secs(2)),
        ..Limits::default()
    };
    let ran = Workspace::new().run_within(endless, time);
    assert_eq!(
        (ran.outcome, ran.output.as_str()),
        (Outcome::Died(Death::Timeout), "")
    );
    let memory = Limits {
        memory: 64 << 20,
        ..Limits::default()
    };
    let greedy = "const { signal } = require('child_process').spawnSync('node', ['-e', 'const a = []; for (;;) a.push(new Array(1e4).fill(1))']); console.log(signal)";
    let ran = Workspace::new().run_within(greedy, memory);
    assert_eq!(ran.text(), "SIGABRT\n");
}

#[test]
fn children_of_children_come_to_an_end() {
    let workspace = Workspace::new();
    workspace.write(
        "/bomb.js",
        "const { spawnSync } = require('child_process'); const { error, stdout } = spawnSync(process.execPath, ['/bomb.js']); process.stdout.write(error ? error.code : stdout + '.');",
    );
    assert_eq!(workspace.run_file("/bomb.js").text(), "EAGAIN.....");
}
