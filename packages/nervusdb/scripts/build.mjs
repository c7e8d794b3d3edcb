// Builds the package: bundles and types into dist/. The engine's modules are put there by `cargo xtask`, or, with
// --engine DIR, copied from a directory that has them.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(root, 'dist');
const engine = process.argv.includes('--engine') ? process.argv[process.argv.indexOf('--engine') + 1] : undefined;

for (const old of existsSync(dist) ? readdirSync(dist) : []) {
    if (!/^nervusdb.*\.(wasm|js)$/.test(old)) rmSync(path.join(dist, old), { recursive: true });
}
mkdirSync(dist, { recursive: true });
if (engine !== undefined) {
    for (const name of readdirSync(engine)) {
        if (/^nervusdb.*\.(wasm|js)$/.test(name)) cpSync(path.join(engine, name), path.join(dist, name));
    }
}

const common = { absWorkingDir: root, bundle: true, target: 'es2022', sourcemap: true, legalComments: 'none', logLevel: 'warning' };
const node = { ...common, platform: 'node', target: 'node20' };
await Promise.all([
    build({ ...node, entryPoints: ['src/index.ts'], format: 'esm', outfile: 'dist/index.js' }),
    build({
        ...node,
        entryPoints: ['src/index.ts'],
        format: 'cjs',
        outfile: 'dist/index.cjs',
        define: { 'import.meta.url': 'moduleUrl' },
        banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    }),
]);

const tsc = path.join(root, '../../node_modules/.bin/tsc');
execFileSync(tsc, ['-p', root], { stdio: 'inherit' });
// The same declarations once more, for `require`: a directory says which kind its files are.
cpSync(path.join(dist, 'types'), path.join(dist, 'types-cjs'), { recursive: true });
writeFileSync(path.join(dist, 'types-cjs/package.json'), '{ "type": "commonjs" }\n');
