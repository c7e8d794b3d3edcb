//! Limits cannot be caught, and what was done before them stays.

use std::time::Duration;

use tarbox_quickjs::{Death, Limits, Outcome};

use crate::support::Workspace;

fn fuel(units: u64) -> Limits {
    Limits {
        fuel: Some(units),
        ..Limits::default()
    }
}

/// Every way in which a script might try to go on.
const STUBBORN: &[&str] = &[
    "for (;;) { try { for (;;); } catch {} finally {} }",
    "(async () => { for (;;) { try { await 0; for (;;); } catch {} } })()",
    "function f() { try { f(); } catch { f(); } finally { for (;;); } } f()",
    "Promise.resolve().then(function again() { return Promise.resolve().then(again); })",
    "process.nextTick(function again() { process.nextTick(again); })",
    "setImmediate(function again() { for (let i = 0; i < 1e4; i++); setImmediate(again); })",
    "process.on('uncaughtException', () => { for (;;); }); for (;;);",
    "process.on('exit', () => { for (;;); }); for (;;);",
    "new Proxy({}, { get() { for (;;); } }).x",
    "JSON.stringify({ toJSON() { for (;;); } })",
    "[3, 2, 1].sort(() => { for (;;); })",
    "/(a+)+$/.test('a'.repeat(64) + 'b'); for (;;);",
    // Whatever part of the round the engine asks in, also where it swallows errors itself.
    "Error.prepareStackTrace = () => { for (let i = 0; i < 999; i++); }; for (;;) try { null.x; } catch {}",
    "Error.prepareStackTrace = () => { for (;;); }; for (;;) try { null.x; } catch {}",
    "const next = () => { for (;;); }; for (;;) try { for (const x of { [Symbol.iterator]: () => ({ next: () => ({}), return: next }) }) break; } catch {}",
];

#[test]
fn used_up_fuel_ends_a_script_whatever_it_tries() {
    for code in STUBBORN {
        let ran = Workspace::new().run_within(code, fuel(3_000_000));
        assert_eq!(ran.outcome, Outcome::Died(Death::Fuel), "{code}\n{}", ran.errors);
    }
}

#[test]
fn time_ends_a_script_that_waits_and_one_that_works() {
    let limits = Limits {
        timeout: Some(Duration::from_millis(300)),
        ..Limits::default()
    };
    for code in [
        "for (;;) try { for (;;); } catch {}",
        "setInterval(() => {}, 1000)",
        "setTimeout(() => {}, 1e8)",
    ] {
        let ran = Workspace::new().run_within(code, limits);
        assert_eq!(ran.outcome, Outcome::Died(Death::Timeout), "{code}");
    }
}

/// Ways to use up memory, and to go on where that failed. None of them comes to an end by itself.
const GREEDY: &[&str] = &[
    "let s = 'x'; for (;;) { try { s += s; s.charCodeAt(9); } catch { s = [s]; } }",
    "const all = []; for (;;) all.push(new Uint8Array(1 << 20));",
    "const all = []; for (;;) try { all.push(Buffer.alloc(1 << 20, 1)); } catch {}",
    "const all = []; for (;;) try { for (;;) all.push({ all }); } catch {} finally {}",
    "let all = []; for (;;) try { for (;;) all = [all, all.slice()]; } catch { all = []; }",
    "function f(n) { const a = new Array(1e5).fill(n); try { return f(n + 1) + a.length; } catch { return f(n); } } f(0)",
    "const all = new Map(); for (let i = 0; ; i++) try { all.set(i, 'x'.repeat(1e4) + i); } catch { i = 0; }",
    "(async () => { const all = []; for (;;) try { await 0; all.push(new Array(1e4).fill(0)); } catch {} })()",
    "function* g() { for (;;) try { yield 'x'.repeat(1e6) + Math.random(); } catch {} } const all = []; for (;;) try { for (const x of g()) all.push(x); } catch {}",
    "const all = []; for (;;) [1].forEach(() => { try { all.push(new Array(1e5).fill(1)); } catch {} });",
    "const all = []; for (;;) try { all.push(new Error('x'.repeat(1e5)).stack); } catch {}",
    "Error.prepareStackTrace = () => { for (;;) try { for (;;) all.push('x'.repeat(1e5) + all.length); } catch {} }; const all = []; for (;;) try { null.x } catch (e) { e.stack }",
    "const all = []; for (;;) try { all.push(JSON.parse('[' + '1,'.repeat(1e5) + '1]')); } catch {}",
    "const all = []; const add = () => { try { all.push('x'.repeat(1e5) + all.length); } catch {} setImmediate(add); setImmediate(add); }; add()",
    "const all = []; for (;;) try { all.push(/(?:a|b)*/.exec('ab'.repeat(1e5))); } catch {}",
    "const all = []; for (;;) try { all.push(eval(`(function () { return '${'x'.repeat(1e4)}' })`)); } catch {}",
];

#[test]
fn memory_that_is_used_up_ends_a_script() {
    let limits = Limits {
        memory: 24 << 20,
        ..Limits::default()
    };
    for code in GREEDY {
        let ran = Workspace::new().run_within(code, limits);
        assert_eq!(
            ran.outcome,
            Outcome::Died(Death::Memory),
            "{code}\n{}",
            ran.errors
        );
    }
}

/// What catches the refusal has nothing left that it could do.
#[test]
fn memory_that_is_used_up_cannot_be_caught() {
    let workspace = Workspace::new();
    let limits = Limits {
        memory: 24 << 20,
        ..Limits::default()
    };
    let code = "const fs = require('fs'); const write = fs.writeFileSync; let all = []; let done = 0; \
                const after = () => { try { write('/after', '1'); } catch {} }; process.on('exit', after); process.on('uncaughtException', after); \
                try { for (;;) all.push(new Array(1e5).fill(done)); } catch { all = []; done = 1; after(); console.log('caught'); } finally { after(); }";
    let ran = workspace.run_within(code, limits);
    assert_eq!(ran.outcome, Outcome::Died(Death::Memory));
    assert_eq!(ran.output, "");
    assert_eq!(
        workspace.run("console.log(fs.existsSync('/after'))").text(),
        "false\n"
    );
}

#[test]
fn nothing_can_be_done_after_the_end() {
    let workspace = Workspace::new();
    let code = "const fs = require('fs'); fs.writeFileSync('/before', '1'); \
                try { for (;;) fs.writeFileSync('/last', String(Math.random())); } finally { fs.writeFileSync('/after', '1'); }";
    let ran = workspace.run_within(code, fuel(2_000_000));
    assert_eq!(ran.outcome, Outcome::Died(Death::Fuel));
    assert_eq!(workspace.read("/before"), "1");
    assert_eq!(
        workspace.run("console.log(fs.existsSync('/after'))").text(),
        "false\n"
    );
}

#[test]
fn a_script_ends_itself_without_coming_back() {
    let workspace = Workspace::new();
    let code = "process.on('exit', (code) => fs.writeFileSync('/code', String(code))); \
                try { process.exit(7); } catch {} finally { fs.writeFileSync('/never', ''); }";
    assert_eq!(workspace.run(code).outcome, Outcome::Ended(7));
    assert_eq!(workspace.read("/code"), "7");
    assert_eq!(
        workspace.run("console.log(fs.existsSync('/never'))").text(),
        "false\n"
    );
}

/// What was acknowledged is there, wherever the limit hits.
#[test]
fn what_was_written_before_any_limit_is_whole() {
    for units in [60_000, 150_000, 400_000, 1_000_000] {
        let workspace = Workspace::new();
        let code = "let n = 0; for (;;) { fs.writeFileSync(`/f${n % 7}`, String(n)); fs.writeFileSync('/n', String(n)); n++; }";
        let ran = workspace.run_within(code, fuel(units));
        assert_eq!(ran.outcome, Outcome::Died(Death::Fuel));
        let script = "const n = Number(fs.readFileSync('/n', 'utf8')); \
                      for (let i = Math.max(0, n - 6); i <= n; i++) { const there = Number(fs.readFileSync(`/f${i % 7}`, 'utf8')); \
                      if (there !== i && there !== i + 7) throw new Error(`${i}: ${there}`); } console.log('whole')";
        assert_eq!(workspace.run(script).text(), "whole\n");
    }
}
