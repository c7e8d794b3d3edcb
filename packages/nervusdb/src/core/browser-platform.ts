import type { EngineExports, Instantiate } from '../engine/exports.js'
import { NervusDBError } from '../errors.js'
import { MemoryPlace } from './memory-place.js'
import { OpfsPlace } from './opfs-place.js'
import type { BackendName, Platform } from './platform.js'

const compiled = new Map<BackendName, Promise<Instantiate>>()

let pool: Promise<WebAssembly.Module> | undefined

/** The module of the pool, once. */
function loadPool(): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') {
    throw new NervusDBError('UNSUPPORTED', 'files need WebAssembly, which is not available here; open :memory: instead')
  }
  pool ??= compile(new URL('./nervusdb-pool.wasm', import.meta.url))
  pool.catch(() => (pool = undefined))
  return pool
}

/** The addresses are literals where they are used, so that bundlers find them. */
async function compile(address: URL): Promise<WebAssembly.Module> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`cannot load ${address.href}: ${response.status}`)
  // Not compileStreaming: many servers send the wrong type.
  return WebAssembly.compile(await response.arrayBuffer())
}

async function load(name: BackendName): Promise<Instantiate> {
  if (name === 'javascript') {
    const module = (await import(/* @vite-ignore */ new URL('./nervusdb-js.js', import.meta.url).href)) as {
      instantiate: Instantiate
    }
    return module.instantiate
  }
  const module = await compile(new URL('./nervusdb.wasm', import.meta.url))
  return (imports) =>
    new WebAssembly.Instance(module, imports as unknown as WebAssembly.Imports).exports as unknown as EngineExports
}

/** Snapshots under way, innermost last; browsers have no context that follows asynchronous calls. */
const stack: unknown[] = []

/** Browsers: the private file system in workers, memory anywhere. */
export const browserPlatform: Platform = {
  async locate(path, options) {
    return path === ':memory:'
      ? { place: new MemoryPlace(), isNew: true }
      : OpfsPlace.locate(path, options, async () => loadPool())
  },
  backend(name) {
    let loading = compiled.get(name)
    if (loading === undefined) {
      loading = load(name)
      compiled.set(name, loading)
      loading.catch(() => compiled.delete(name))
    }
    return loading
  },
  environment: () => undefined,
  context: {
    run<T>(value: unknown, work: () => T): T {
      stack.push(value)
      const end = (): void => {
        stack.splice(stack.lastIndexOf(value), 1)
      }
      let result: T
      try {
        result = work()
      } catch (error) {
        end()
        throw error
      }
      if (result instanceof Promise) return result.finally(end) as T
      end()
      return result
    },
    current: () => stack.at(-1),
  },
}
