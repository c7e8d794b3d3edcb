/**
 * JavaScript in QuickJS, whose `fs` is a durable workspace: a call of it stays inside one WebAssembly module, in a worker, down to the
 * storage device. No cross-origin isolation is needed.
 *
 * ```ts
 * const module = await newQuickJSWASMModuleWithWasmFS()
 * const fs = new WasmFS(module)
 * await fs.mount({ mountPoint: '/opfs' })
 * await fs.writeFile('/opfs/a.txt', 'kept')
 * await module.evalCode(`require('fs').readFileSync('/opfs/a.txt', 'utf8')`) // 'kept', also after a reload
 * ```
 */
export { EvalError, type EvalOptions, type Limits, QuickJSVM } from './vm.js'
export { type ModuleOptions, newQuickJSWASMModuleWithWasmFS, QuickJSWASMModule, supportsOpfs } from './module.js'
export { type MountOptions, WasmFS } from './wasmfs.js'
export { TarboxError } from '../../tarbox/src/errors.js'
export type { Entry, Stats } from '../../tarbox/src/stats.js'
