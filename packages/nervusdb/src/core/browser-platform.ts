import type { EngineExports, Instantiate } from '../engine/exports.js';
import { MemoryPlace } from './memory-place.js';
import { OpfsPlace } from './opfs-place.js';
import type { BackendName, Platform } from './platform.js';

const compiled = new Map<BackendName, Promise<Instantiate>>();

async function load(name: BackendName): Promise<Instantiate> {
    if (name === 'javascript') {
        const module = (await import(/* @vite-ignore */ new URL('./nervusdb-js.js', import.meta.url).href)) as { instantiate: Instantiate };
        return module.instantiate;
    }
    const response = await fetch(new URL('./nervusdb.wasm', import.meta.url));
    if (!response.ok) throw new Error(`cannot load the engine from ${response.url}: ${response.status}`);
    // Not compileStreaming: many servers send the wrong type.
    const module = await WebAssembly.compile(await response.arrayBuffer());
    return (imports) =>
        new WebAssembly.Instance(module, imports as unknown as WebAssembly.Imports).exports as unknown as EngineExports;
}

/** Snapshots under way, innermost last; browsers have no context that follows asynchronous calls. */
const stack: unknown[] = [];

/** Browsers: the private file system in workers, memory anywhere. */
export const browserPlatform: Platform = {
    async locate(path, options) {
        return path === ':memory:' ? { place: new MemoryPlace(), isNew: true } : OpfsPlace.locate(path, options);
    },
    backend(name) {
        let loading = compiled.get(name);
        if (loading === undefined) {
            loading = load(name);
            compiled.set(name, loading);
            loading.catch(() => compiled.delete(name));
        }
        return loading;
    },
    environment: () => undefined,
    context: {
        run<T>(value: unknown, work: () => T): T {
            stack.push(value);
            const end = (): void => {
                stack.splice(stack.lastIndexOf(value), 1);
            };
            let result: T;
            try {
                result = work();
            } catch (error) {
                end();
                throw error;
            }
            if (result instanceof Promise) return result.finally(end) as T;
            end();
            return result;
        },
        current: () => stack.at(-1),
    },
};
