import { AsyncLocalStorage } from 'node:async_hooks'
import { readFile } from 'node:fs/promises'
import type { EngineExports, Instantiate } from '../engine/exports.js'
import { MemoryPlace } from './memory-place.js'
import { NodePlace } from './node-place.js'
import type { BackendName, Platform, PlaceOptions } from './platform.js'

const compiled = new Map<string, Promise<Instantiate>>()

async function load(name: BackendName, tools: boolean): Promise<Instantiate> {
  const file = tools ? 'nervusdb-tools' : 'nervusdb'
  if (name === 'javascript') {
    const module = (await import(new URL(`./${file}-js.js`, import.meta.url).href)) as { instantiate: Instantiate }
    return module.instantiate
  }
  const module = await WebAssembly.compile(await readFile(new URL(`./${file}.wasm`, import.meta.url)))
  return (imports) =>
    new WebAssembly.Instance(module, imports as unknown as WebAssembly.Imports).exports as unknown as EngineExports
}

/** Node: files, memory for `:memory:`, and context that follows asynchronous calls. */
export const nodePlatform: Platform = {
  async locate(path: string, options: PlaceOptions) {
    if (path === ':memory:') return { place: new MemoryPlace(), isNew: true }
    return NodePlace.locate(path, options)
  },
  backend(name, tools) {
    const key = `${name}:${tools}`
    let loading = compiled.get(key)
    if (loading === undefined) {
      loading = load(name, tools)
      compiled.set(key, loading)
      loading.catch(() => compiled.delete(key))
    }
    return loading
  },
  environment: (name) => process.env[name],
  context: contextOf(new AsyncLocalStorage<unknown>()),
}

function contextOf(storage: AsyncLocalStorage<unknown>): Platform['context'] {
  return {
    run: (value, work) => storage.run(value, work),
    current: () => storage.getStore(),
  }
}
