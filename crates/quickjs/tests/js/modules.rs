//! Modules of both kinds, packages, TypeScript.

use crate::support::Workspace;

#[test]
fn both_kinds_of_modules_reach_each_other() {
    let workspace = Workspace::new();
    workspace.write(
        "/app/old.cjs",
        "exports.named = 1; exports.later = require('./new.mjs').fresh;",
    );
    workspace.write(
        "/app/new.mjs",
        "export const fresh = 2; export default class Fresh {}",
    );
    workspace.write("/app/data.json", r#"{"n": 3}"#);
    workspace.write(
        "/app/main.mjs",
        "import old, { named, later } from './old.cjs'; import data from './data.json' with { type: 'json' }; import { readFileSync } from 'node:fs';\n\
         const { fresh } = await import('./new.mjs');\n\
         console.log(old.named, named, later, fresh, data.n, typeof readFileSync, import.meta.filename, import.meta.resolve('./x.js'));",
    );
    assert_eq!(
        workspace.run_file("/app/main.mjs").text(),
        "1 1 2 2 3 function /app/main.mjs file:///app/x.js\n"
    );
}

#[test]
fn packages_are_found_as_their_descriptions_say() {
    let workspace = Workspace::new();
    let package = r##"{"name": "p", "exports": {".": {"import": "./i.mjs", "require": "./r.cjs"}, "./sub/*": "./lib/*.cjs", "./hidden": null}, "imports": {"#own": "./lib/a.cjs"}}"##;
    workspace.write("/app/node_modules/p/package.json", package);
    workspace.write("/app/node_modules/p/i.mjs", "export default 'import'");
    workspace.write(
        "/app/node_modules/p/r.cjs",
        "module.exports = 'require ' + require('#own')",
    );
    workspace.write("/app/node_modules/p/lib/a.cjs", "module.exports = 'a'");
    workspace.write("/app/node_modules/@s/q/package.json", r#"{"main": "lib"}"#);
    workspace.write("/app/node_modules/@s/q/lib/index.js", "module.exports = 'q'");
    workspace.write(
        "/app/deep/main.js",
        "const code = (f) => { try { return f(); } catch (e) { return e.code; } };\n\
         console.log(require('p'), require('p/sub/a'), require('@s/q'), code(() => require('p/lib/a.cjs')), code(() => require('p/hidden')), code(() => require('none')));\n\
         import('p').then((m) => console.log(m.default));",
    );
    assert_eq!(
        workspace.run_file("/app/deep/main.js").text(),
        "require a a q ERR_PACKAGE_PATH_NOT_EXPORTED ERR_PACKAGE_PATH_NOT_EXPORTED MODULE_NOT_FOUND\nimport\n"
    );
}

#[test]
fn typescript_runs_as_it_is() {
    let workspace = Workspace::new();
    workspace.write(
        "/app/main.ts",
        "import type { Nothing } from './nowhere'; import { shout, type Loud } from './lib.ts';\n\
         enum Colour { Red, Green }\n\
         class Box<T> { constructor(private readonly value: T) {} get(): T { return this.value as T; } }\n\
         const loud: Loud = { text: 'hi' }; console.log(shout(loud), Colour.Green, new Box<number>(4).get());",
    );
    workspace.write(
        "/app/lib.ts",
        "export interface Loud { text: string } export const shout = (l: Loud): string => l.text.toUpperCase();",
    );
    assert_eq!(workspace.run_file("/app/main.ts").text(), "HI 1 4\n");
}

#[test]
fn ticks_microtasks_timers_and_immediates_keep_their_order() {
    let code = "setTimeout(() => console.log('timeout'), 0); setImmediate(() => console.log('immediate')); \
                Promise.resolve().then(() => console.log('microtask')); process.nextTick(() => console.log('tick')); console.log('script'); \
                process.on('beforeExit', () => console.log('beforeExit')); process.on('exit', () => console.log('exit'));";
    let ran = Workspace::new().run(code);
    let lines: Vec<&str> = ran.text().lines().collect();
    assert_eq!(lines[..3], ["script", "tick", "microtask"]);
    assert_eq!(lines[5..], ["beforeExit", "exit"]);
}
