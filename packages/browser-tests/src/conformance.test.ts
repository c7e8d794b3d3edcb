/// The conformance suites of the core (`crates/conformance`), on this browser's file handles.
import { type Handle, Host, Module, OpfsSlots, SlotPool, type SlotStore } from 'tarbox-device'
import { prepare, test } from './harness.js'

const SUITES = ['pool', 'store', 'file system']
/** As many as a case of the pool has files. */
const SLOTS = 300

prepare(register())

async function register(): Promise<void> {
  const compiled = await WebAssembly.compileStreaming(fetch('/conformance.wasm'))
  const slots = new EmptiedSlots()
  const { exports, texts } = await instance(compiled, () => undefined)
  SUITES.forEach((suite, number) => {
    exports['suite_cases'](number)
    texts().forEach((name, at) =>
      test(`${suite}: ${name.replaceAll('_', ' ')}`, () => check(compiled, slots, number, at)),
    )
  })
}

async function instance(compiled: WebAssembly.Module, say: (line: string) => void) {
  const host = new Host()
  const module = await Module.load(compiled, host, {
    console: (from: number, length: number) => say(new TextDecoder().decode(host.heap.slice(from, from + length))),
  })
  return { module, exports: module.exports, texts: () => module.texts() }
}

/** One case, in an instance of its own: a panic ends it. */
async function check(compiled: WebAssembly.Module, slots: EmptiedSlots, suite: number, at: number): Promise<void> {
  const said: string[] = []
  const { module } = await instance(compiled, (line) => said.push(line))
  const pool = await SlotPool.open(module, slots)
  try {
    module.exports['suite_check'](suite, at, pool.id)
  } catch (error) {
    throw new Error(said.join('\n') || String(error), { cause: error })
  }
}

/** The same files for every case: opening hundreds takes seconds, emptying them does not. */
class EmptiedSlots implements SlotStore {
  readonly label = 'the pool of the conformance suites'
  readonly #made = make()

  async open(): Promise<[string, Handle][]> {
    const files = await this.#made
    for (const [, handle] of files) if (handle.getSize() > 0) handle.truncate(0)
    return files
  }

  create = () => Promise.reject(new Error('there are as many files as there are'))
  remove = () => Promise.reject(new Error('files are kept'))
  destroy = () => Promise.reject(new Error('files are kept'))
}

async function make(): Promise<[string, Handle][]> {
  const directory = new OpfsSlots('.conformance')
  const files = await directory.open()
  while (files.length < SLOTS) files.push(await directory.create())
  return files
}
