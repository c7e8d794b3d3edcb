//! A small part of what `cargo xtask nodetests` asks: pieces of behaviour that many programs rest on.

use crate::support::Workspace;

#[test]
fn modules_answer_as_node_does() {
    for (expression, answer) in [
        ("require('path').relative('/a/b/c', '/a/d')", "../../d"),
        ("require('path').win32.join('C:\\\\a', '..', 'b')", "C:\\b"),
        ("Buffer.from('héllo').toString('base64')", "aMOpbGxv"),
        ("Buffer.from('ff00', 'hex').readUInt16BE()", "65280"),
        ("Buffer.from('abcabc').lastIndexOf('abc')", "3"),
        ("new URL('../x?y#z', 'http://a.b/c/d').href", "http://a.b/x?y#z"),
        ("require('url').parse('http://u:p@h:1/p?q#f').auth", "u:p"),
        (
            "require('querystring').stringify({ a: [1, 2], b: 'ü' })",
            "a=1&a=2&b=%C3%BC",
        ),
        (
            "new (require('string_decoder').StringDecoder)('utf8').write(Buffer.from([0xe2, 0x82]))",
            "",
        ),
        (
            "require('util').inspect({ a: new Map([[1, { b: [2] }]]) })",
            "{ a: Map(1) { 1 => { b: [Array] } } }",
        ),
        (
            "require('util').format('%s %d %j', 'a', 1.5, { b: 2 })",
            "a 1.5 {\"b\":2}",
        ),
        (
            "require('crypto').createHash('sha256').update('abc').digest('hex').slice(0, 16)",
            "ba7816bf8f01cfea",
        ),
        (
            "require('crypto').createHmac('sha1', 'k').update('d').digest('base64')",
            "K5DkHnwMyOL3XAKRDDiZzEaLoxY=",
        ),
        (
            "require('zlib').inflateSync(require('zlib').deflateSync('abc')).toString()",
            "abc",
        ),
        ("structuredClone(new Set([1, { a: 2 }])).size", "2"),
        (
            "new TextDecoder('utf-16le').decode(new Uint8Array([65, 0, 66, 0]))",
            "AB",
        ),
        ("new Blob(['ab', 'c']).size", "3"),
        ("new AbortController().signal.aborted", "false"),
        (
            "(() => { try { require('assert').strictEqual(1, 2); } catch (e) { return e.code; } })()",
            "ERR_ASSERTION",
        ),
        (
            "(() => { try { fs.readFileSync('/nope'); } catch (e) { return e.message + e.errno; } })()",
            "ENOENT: no such file or directory, open '/nope'-2",
        ),
        (
            "(() => { try { fs.openSync(1); } catch (e) { return e.message; } })()",
            "The \"path\" argument must be of type string or an instance of Buffer or URL. Received type number (1)",
        ),
    ] {
        let ran = Workspace::new().run(&format!("process.stdout.write(String({expression}))"));
        assert_eq!(ran.text(), answer, "{expression}");
    }
}

#[test]
fn an_error_that_nobody_caught_is_told_as_node_tells_it() {
    let ran = Workspace::new().run("null.x");
    assert_eq!(ran.outcome.exit_code(), 1);
    assert!(ran.errors.starts_with("TypeError: "), "{}", ran.errors);
    assert!(ran.errors.contains("\n    at "), "{}", ran.errors);
    let ran = Workspace::new().run("Promise.reject(new RangeError('late'))");
    assert_eq!(ran.outcome.exit_code(), 1);
    assert!(ran.errors.starts_with("RangeError: late"), "{}", ran.errors);
}
