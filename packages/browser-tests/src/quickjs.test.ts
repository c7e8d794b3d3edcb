/** JavaScript in the module, on files that stay. */
import { EvalError, newQuickJSWASMModuleWithWasmFS, type QuickJSWASMModule, WasmFS } from 'tarbox-quickjs'
import { assert, equal, test } from './harness.js'
import { open as openWorkspace } from './workspaces.js'

const where = { wasm: '/packages/quickjs/dist/quickjs.wasm', worker: '/packages/quickjs/dist/worker.js' }
const named = () => `q-${crypto.randomUUID().slice(0, 8)}`

async function failure(work: Promise<unknown>): Promise<EvalError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert(error instanceof EvalError, String(error))
  return error as EvalError
}

for (const storage of ['opfs', 'indexeddb', 'memory'] as const) {
  test(`scripts and pages have the same files, which stay (${storage})`, async () => {
    const name = named()
    let module: QuickJSWASMModule = await newQuickJSWASMModuleWithWasmFS({ ...where, name, storage })
    equal(module.storage, storage)
    let fs = new WasmFS(module)
    await fs.mount({ mountPoint: '/opfs' })
    await fs.mkdir('/opfs/src')
    await fs.writeFile('/opfs/src/add.ts', 'export const add = (a: number, b: number): number => a + b')
    const code = `const fs = require('fs'); fs.writeFileSync('/opfs/made', 'inside'); fs.readdirSync('/opfs')`
    equal(await module.evalCode(code), ['made', 'src'])
    equal(await fs.readFile('/opfs/made', 'utf8'), 'inside')
    equal(await module.evalCode(`import('/opfs/src/add.ts').then(({ add }) => add(1, 2))`), 3)
    equal((await fs.stat('/opfs/made')).size, 6)
    await fs.unlink('/opfs/made')
    equal(await module.evalCode(`fs.existsSync('/opfs/made')`), false)
    await module.evalCode(`fs.promises.writeFile('/opfs/late', 'kept')`)
    if (storage === 'memory') return module.dispose()
    await module.dispose()
    module = await newQuickJSWASMModuleWithWasmFS({ ...where, name, storage })
    fs = new WasmFS(module)
    await fs.mount({ mountPoint: '/' })
    equal(await fs.readdir('/'), ['late', 'src'])
    equal(await module.evalCode(`require('fs').readFileSync('/late', 'utf8')`), 'kept')
    await module.dispose()
    // It is the workspace that the package `tarbox` opens.
    const workspace = await openWorkspace({ name, storage })
    equal(await workspace.readFile('/late', 'utf8'), 'kept')
    equal(await workspace.fsck(), [])
    await workspace.close()
  })
}

test('timers, promises and errors come out', async () => {
  const module = await newQuickJSWASMModuleWithWasmFS({ ...where, name: named(), storage: 'memory' })
  const printed: string[] = []
  const onOutput = (text: string) => printed.push(text)
  equal(await module.evalCode(`new Promise((done) => setTimeout(() => done({ a: [1, 'ü'] }), 5))`), { a: [1, 'ü'] })
  equal(await module.evalCode(`console.log('told'); undefined`, { onOutput }), undefined)
  equal(printed.join(''), 'told\n')
  const missing = await failure(module.evalCode(`require('fs').readFileSync('/nope')`))
  equal([missing.code, missing.name], ['ENOENT', 'Error'])
  equal((await failure(module.evalCode('null.x'))).name, 'TypeError')
  equal(
    (await failure(module.evalCode('new Promise(() => {})'))).message,
    'nothing is left that could settle this promise',
  )
  equal((await failure(module.evalCode('throw 7'))).message, '7')
  await module.dispose()
})

test('limits end an engine and leave the files', async () => {
  const module = await newQuickJSWASMModuleWithWasmFS({ ...where, name: named(), storage: 'memory' })
  for (const [limits, code, why] of [
    [{ timeout: 100 }, 'for (;;) try { for (;;); } catch {}', 'ETIMEDOUT'],
    [{ memory: 32 << 20 }, 'const a = []; for (;;) try { a.push(new Array(1e5).fill(1)) } catch {}', 'ENOMEM'],
    [{}, 'process.exit(3)', 'EXIT'],
  ] as const) {
    const vm = await module.newVM(limits)
    equal((await failure(vm.evalCode(`require('fs').writeFileSync('/kept', '${why}'); ${code}`))).code, why)
    equal(vm.ended, true)
    await vm.dispose()
    equal(await new WasmFS(module).readFile('/kept', 'utf8'), why)
  }
  equal(await module.evalCode('function f() { return f() + 1 } try { f() } catch (e) { e.name }'), 'RangeError')
  equal(await module.evalCode('1 + 1'), 2)
  await module.dispose()
})
