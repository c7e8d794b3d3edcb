//! `fs` in all its forms.

use crate::support::Workspace;

#[test]
fn the_same_answers_come_at_once_later_and_as_promises() {
    let code = r#"
        const fs = require('fs');
        fs.mkdirSync('/d/e', { recursive: true });
        fs.writeFileSync('/d/f', 'héllo');
        const calls = { stat: ['/d/f'], readdir: ['/d'], readFile: ['/d/f', 'utf8'], realpath: ['/d/../d/f'], access: ['/d/f'], readlink: ['/d/f'], stat2: ['/nope'], rmdir: ['/d'], open: ['/x/y'] };
        (async () => {
          for (const [key, args] of Object.entries(calls)) {
            const name = key.replace('2', '');
            const settle = (make) => { try { return make(); } catch (e) { return `${e.code} ${e.message}`; } };
            const sync = settle(() => fs[`${name}Sync`](...args));
            const later = await new Promise((done) => fs[name](...args, (error, value) => done(error ? `${error.code} ${error.message}` : value)));
            const promised = await fs.promises[name](...args).catch((e) => `${e.code} ${e.message}`);
            require('assert').deepStrictEqual(later, sync, name);
            if (name !== 'open') require('assert').deepStrictEqual(promised, sync, name);
          }
          console.log('same');
        })();
    "#;
    assert_eq!(Workspace::new().run(code).text(), "same\n");
}

#[test]
fn streams_handles_and_directories_carry_what_is_there() {
    let code = r#"
        const fs = require('fs');
        const { pipeline } = require('stream/promises');
        (async () => {
          const content = Buffer.alloc(300_000, 'abcdefg');
          await fs.promises.writeFile('/big', content);
          await pipeline(fs.createReadStream('/big', { start: 7 }), require('zlib').createGzip(), fs.createWriteStream('/big.gz'));
          const back = require('zlib').gunzipSync(fs.readFileSync('/big.gz'));
          console.log(back.equals(content.subarray(7)));
          const handle = await fs.promises.open('/log', 'a+');
          await handle.write('one\n');
          await handle.appendFile('two\n');
          const lines = [];
          for await (const line of (await fs.promises.open('/log')).readLines()) lines.push(line);
          await handle.close();
          console.log(lines);
          fs.mkdirSync('/t/a/b', { recursive: true });
          fs.writeFileSync('/t/a/b/c', '');
          const names = [];
          for await (const entry of await fs.promises.opendir('/t', { recursive: true })) names.push(entry.name);
          console.log(names.sort());
          fs.cpSync('/t', '/u', { recursive: true });
          fs.rmSync('/t', { recursive: true });
          console.log(fs.globSync('/u/**/c'), fs.existsSync('/t'), fs.statSync('/u', { bigint: true }).isDirectory());
        })();
    "#;
    let ran = Workspace::new().run(code);
    assert_eq!(
        ran.text(),
        "true\n[ 'one', 'two' ]\n[ 'a', 'b', 'c' ]\n[ '/u/a/b/c' ] false true\n"
    );
}

#[test]
fn watchers_are_told_exact_paths() {
    let code = r#"
        const fs = require('fs');
        fs.mkdirSync('/w/sub', { recursive: true });
        const seen = [];
        const watcher = fs.watch('/w', { recursive: true }, (kind, name) => {
          seen.push(`${kind} ${name}`);
          if (seen.length === 4) { watcher.close(); console.log(seen.join(', ')); }
        });
        fs.writeFileSync('/elsewhere', '');
        fs.mkdirSync('/w/d');
        fs.writeFileSync('/w/sub/x', '');
        fs.renameSync('/w/sub/x', '/w/y');
    "#;
    let ran = Workspace::new().run(code);
    assert_eq!(ran.text(), "rename d, rename sub/x, rename sub/x, rename y\n");
}

#[test]
fn the_audit_names_the_script() {
    let workspace = Workspace::new();
    workspace.run("fs.writeFileSync('/a', '1')").text();
    assert!(workspace.read("/.tarbox/audit/recent").contains("js:test"));
}
