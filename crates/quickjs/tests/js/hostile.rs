//! Scripts that mean harm: the worst they get is an error.

use tarbox_quickjs::{Capability, Entry, Limits, Outcome};

use crate::support::Workspace;

fn says(code: &str) -> String {
    Workspace::new().run(code).text().to_owned()
}

#[test]
fn no_depth_breaks_the_stack() {
    for (what, code) in [
        ("calls", "function f() { f(); } f()"),
        ("getters", "const o = { get x() { return this.x; } }; o.x"),
        (
            "proxies",
            "let p = {}; for (let i = 0; i < 1e4; i++) p = new Proxy(p, {}); p.x",
        ),
        ("source", "eval('['.repeat(1e5) + ']'.repeat(1e5))"),
        (
            "functions in source",
            "eval('(function(){'.repeat(1e5) + '})'.repeat(1e5))",
        ),
        ("JSON", "JSON.parse('['.repeat(1e6))"),
        (
            "JSON out",
            "let a = []; for (let i = 0; i < 3e3; i++) a = [a]; JSON.stringify(a)",
        ),
        (
            "regular expressions",
            "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))",
        ),
        (
            "toString",
            "let a = []; a[0] = { toString() { return String(a); } }; String(a) + String({ toString() { return `${this}`; } })",
        ),
        (
            "inspect",
            "let a = {}; for (let i = 0; i < 300; i++) a = { a }; require('util').inspect(a, { depth: Infinity })",
        ),
        ("modules", "require.extensions['.js'] && require('module')._load"),
        ("async", "async function f() { await f(); } f().catch(() => {})"),
    ] {
        let ran = Workspace::new().run(&format!(
            "try {{ {code} }} catch (e) {{}} console.log('still here')"
        ));
        assert!(
            ran.output.ends_with("still here\n"),
            "{what}: {:?} {}",
            ran.outcome,
            ran.errors
        );
    }
}

#[test]
fn buffers_that_go_away_in_mid_call_are_seen_as_empty() {
    let code = r#"
        const fs = require('fs');
        fs.writeFileSync('/a', 'x'.repeat(100));
        const fd = fs.openSync('/a', 'r+');
        const gone = new Uint8Array(64);
        gone.buffer.transfer();
        for (const call of [() => fs.readSync(fd, gone, 0, 0, 0), () => fs.writeSync(fd, gone), () => Buffer.from(gone.buffer).toString(),
            () => Buffer.concat([gone]), () => require('crypto').createHash('md5').update(gone).digest('hex')]) {
          try { call(); } catch (e) { if (!(e instanceof Error)) throw e; }
        }
        const pulled = new Uint8Array(64);
        const options = { get offset() { pulled.buffer.transfer(); return 0; }, length: 64, position: 0 };
        try { fs.readSync(fd, pulled, options); } catch (e) { if (!(e instanceof Error)) throw e; }
        const resized = new Uint8Array(new ArrayBuffer(64, { maxByteLength: 128 }));
        try { fs.readSync(fd, resized, { get length() { resized.buffer.resize(8); return 64; }, offset: 0, position: 0 }); } catch (e) { if (!(e instanceof Error)) throw e; }
        console.log(fs.readFileSync('/a', 'utf8') === 'x'.repeat(100));
    "#;
    assert_eq!(says(code), "true\n");
}

#[test]
fn numbers_of_any_size_are_refused_or_fit() {
    let code = r#"
        const fs = require('fs');
        fs.writeFileSync('/a', 'abc');
        const fd = fs.openSync('/a', 'r+');
        for (const n of [-1, 2 ** 31, 2 ** 53, 1e300, NaN, Infinity, -Infinity, 1.5, 2n ** 63n, -(2n ** 70n), '1', null, {}, []]) {
          for (const call of [() => fs.readSync(fd, Buffer.alloc(4), 0, 4, n), () => fs.readSync(n, Buffer.alloc(4)), () => fs.writeSync(fd, Buffer.alloc(1), n),
              () => fs.closeSync(n), () => fs.chmodSync('/a', n), () => fs.utimesSync('/a', n, n), () => fs.openSync('/a', n), () => Buffer.alloc(n), () => Buffer.from('abc').readUIntBE(n, n),
              () => Buffer.from('abc').fill('x', n, n), () => Buffer.from('abc').copy(Buffer.alloc(2), n, n, n), () => Buffer.from('abc').indexOf('c', n), () => Buffer.from('abc').toString('utf8', n, n)]) {
            try { call(); } catch (e) { if (!(e instanceof Error)) throw e; }
          }
        }
        console.log(fs.statSync('/a').isFile());
    "#;
    assert_eq!(says(code), "true\n");
}

#[test]
fn nothing_leads_out_of_what_was_given() {
    let workspace = Workspace::new();
    workspace.write("/secret/key", "secret");
    workspace.write("/data/own", "own");
    workspace.run("fs.symlinkSync('/secret/key', '/data/link'); fs.symlinkSync('../secret', '/data/up'); fs.symlinkSync('/', '/data/root');").text();
    let mounts = || vec![workspace.mount("/data", "/data", Capability::ReadOnly)];
    let code = r#"
        const fs = require('fs');
        const tries = ['/secret/key', '/data/../secret/key', '/data/link', '/data/up/key', '/data/root/secret/key', '/data/./../../secret/key', 'secret/key',
          '/data/root/../secret/key', '/data/up/../../secret/key', Buffer.from('/data/../secret/key'), new URL('file:///data/%2e%2e/secret/key')];
        for (const path of tries) {
          let found;
          try { found = fs.readFileSync(path, 'utf8'); } catch (e) { found = e.code; }
          if (!['ENOENT', 'ELOOP', 'EPERM', 'ENOTDIR'].includes(found)) throw new Error(`${path}: ${found}`);
        }
        for (const change of [() => fs.writeFileSync('/data/own', 'x'), () => fs.unlinkSync('/data/own'), () => fs.mkdirSync('/data/new'), () => fs.renameSync('/data/own', '/data/b'),
            () => fs.truncateSync('/data/own'), () => fs.chmodSync('/data/own', 0o777), () => fs.symlinkSync('a', '/data/s'), () => fs.appendFileSync('/data/own', 'x'), () => fs.utimesSync('/data/own', 1, 1),
            () => fs.copyFileSync('/data/own', '/data/copy'), () => fs.linkSync('/data/own', '/data/hard'), () => fs.openSync('/data/own', 'r+'), () => fs.rmSync('/data/own')]) {
          let code;
          try { change(); } catch (e) { code = e.code; }
          if (code !== 'EROFS') throw new Error(`${change}: ${code}`);
        }
        console.log(fs.readdirSync('/'), fs.readFileSync('/data/own', 'utf8'));
    "#;
    let ran = workspace.run_on(mounts(), &Entry::Code(code.to_owned()), Limits::default());
    assert_eq!(ran.text(), "[ 'data' ] own\n");
    assert_eq!(workspace.read("/data/own"), "own");
}

#[test]
fn a_poisoned_prototype_harms_the_script_alone() {
    let code = r#"
        const fs = require('fs');
        fs.writeFileSync('/a', 'abc');
        for (const name of ['signal', 'encoding', 'flag', 'mode', 'main', 'exports', 'name', 'recursive', 'then', 'code'])
          Object.defineProperty(Object.prototype, name, { configurable: true, get() { return undefined; }, set() {} });
        fs.writeFileSync('/b', fs.readFileSync('/a', 'utf8') + fs.statSync('/a').size);
        for (const name of ['signal', 'encoding', 'flag', 'mode', 'main', 'exports', 'name', 'recursive', 'then', 'code']) delete Object.prototype[name];
        Array.prototype.push = Array.prototype.slice = Map.prototype.get = Function.prototype.call = Promise.prototype.then = () => { throw new Error('poisoned'); };
        try { fs.readdirSync('/'); require('util'); fs.promises.stat('/'); } catch {}
    "#;
    let workspace = Workspace::new();
    let ran = workspace.run(code);
    assert!(matches!(ran.outcome, Outcome::Ended(_)), "{:?}", ran.outcome);
    assert_eq!(workspace.read("/b"), "abc3");
}

#[test]
fn what_never_settles_and_a_million_timers_come_to_an_end() {
    assert_eq!(
        says("new Promise(() => {}).then(() => console.log('never')); console.log('end')"),
        "end\n"
    );
    let timers = "let n = 0; for (let i = 0; i < 1e5; i++) setTimeout(() => n++, i % 3); process.on('exit', () => console.log(n));";
    assert_eq!(says(timers), "100000\n");
}

#[test]
fn errors_that_cannot_be_shown_are_still_errors() {
    for code in [
        "throw null",
        "throw { get stack() { throw 1; }, toString() { throw 2; } }",
        "throw new Proxy(new Error('x'), { get() { throw 3; } })",
        "Promise.reject()",
        "Promise.reject({ [Symbol.toPrimitive]() { throw 4; } })",
        "process.on('uncaughtException', () => { throw 5; }); throw 6",
        "Error.prepareStackTrace = () => { throw 7; }; throw new Error('y')",
        "const e = new Error('z'); delete e.stack; throw e",
    ] {
        let ran = Workspace::new().run(code);
        assert!(
            matches!(ran.outcome, Outcome::Ended(1 | 7)),
            "{code}: {:?} {}",
            ran.outcome,
            ran.errors
        );
    }
}
