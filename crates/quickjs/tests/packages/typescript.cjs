const ts = require('typescript')
const path = require('path')
const fs = require('fs')
const dir = path.join(process.argv[2], 'ts')
fs.mkdirSync(dir, { recursive: true })
fs.writeFileSync(
  path.join(dir, 'lib.ts'),
  'export interface P { x: number }\nexport const f = <T extends P>(p: T): T["x"] => p.x\nexport enum E { A = 1, B }\n',
)
fs.writeFileSync(
  path.join(dir, 'main.ts'),
  'import { f, E } from "./lib"\nconst s: string = f({ x: 1 })\nclass A { private y = E.B }\nnew A().y\nexport default async () => { for await (const q of [Promise.resolve(1)]) q.toFixed() }\n',
)
const program = ts.createProgram([path.join(dir, 'main.ts')], {
  outDir: path.join(dir, 'out'),
  target: ts.ScriptTarget.ES2017,
  module: ts.ModuleKind.CommonJS,
  declaration: true,
  lib: ['lib.es2018.d.ts'],
  types: [],
})
for (const { code, file, start, messageText } of ts.getPreEmitDiagnostics(program))
  console.log(code, file && path.basename(file.fileName), start, ts.flattenDiagnosticMessageText(messageText, '\n'))
program.emit()
for (const name of fs.readdirSync(path.join(dir, 'out')).sort())
  console.log(name, fs.readFileSync(path.join(dir, 'out', name), 'utf8'))
console.log(
  ts.transpileModule('let x = <T,>(a: T) => a as any satisfies unknown', { compilerOptions: { target: 'esnext' } })
    .outputText,
)
