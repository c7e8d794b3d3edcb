import { DeviceError } from './errors.js'
import { Host } from './host.js'
import { textOf } from './text.js'

/** Where a module comes from: an address, its bytes, or the module itself. */
export type ModuleSource = URL | string | BufferSource | WebAssembly.Module

const encoder = new TextEncoder()

type Exports = Record<string, (...values: never[]) => never> & { memory: WebAssembly.Memory }

/** An instance of one of our modules, and the ways bytes go in and out (`crates/opfs/src/exchange.rs`). */
export class Module {
  readonly exports: Record<string, any>

  private constructor(
    readonly host: Host,
    /** To make another instance of. */
    readonly compiled: WebAssembly.Module,
    instance: WebAssembly.Instance,
  ) {
    const exports = instance.exports as unknown as Exports
    host.memory = exports.memory
    this.exports = exports
  }

  /** Compiles and starts a module, while it is still arriving where the server names its type. */
  static async load(source: ModuleSource, host: Host, imports: WebAssembly.ModuleImports = {}): Promise<Module> {
    const all = { tarbox: { ...host.imports, ...imports } }
    const { module, instance } = await instantiate(source, all)
    return new Module(host, module, instance)
  }

  /** Puts bytes where the next export called takes its input from. */
  put(bytes: Uint8Array): void {
    const at: number = this.exports['input'](bytes.length)
    // Making room may have moved the memory, so the view is asked for afterwards.
    this.host.heap.set(bytes, at)
  }

  putText(text: string): void {
    this.put(encoder.encode(text))
  }

  /** What the last export called has left, valid until the next call. */
  peek(): Uint8Array<ArrayBuffer> {
    const start = this.exports['output_ptr']()
    return this.host.heap.subarray(start, start + this.exports['output_len']()) as Uint8Array<ArrayBuffer>
  }

  text(): string {
    return textOf(this.peek())
  }

  /** The texts of an output in which each is followed by a NUL. */
  texts(): string[] {
    const all = this.text().split('\0')
    all.pop()
    return all
  }

  /** The result of an export, or the error that it has left as text. */
  checked(result: number): number {
    if (result >= 0) return result
    const code = ({ [-2]: 'ENOENT', [-16]: 'EBUSY', [-17]: 'EEXIST', [-22]: 'EINVAL', [-28]: 'ENOSPC' } as const)[
      result
    ]
    throw new DeviceError(code ?? 'EIO', this.text())
  }
}

async function instantiate(
  source: ModuleSource,
  imports: WebAssembly.Imports,
): Promise<WebAssembly.WebAssemblyInstantiatedSource> {
  if (source instanceof WebAssembly.Module)
    return { module: source, instance: await WebAssembly.instantiate(source, imports) }
  if (typeof source !== 'string' && !(source instanceof URL)) return WebAssembly.instantiate(source, imports)
  const response = await fetch(source)
  const type = response.headers.get('content-type') ?? ''
  if (!response.ok || type.startsWith('text/html')) {
    throw new DeviceError(
      'ENOENT',
      `${source} is not the WebAssembly module (${response.status} ${type}). Serve the package's .wasm file there, or pass its URL in the option wasm.`,
    )
  }
  if (type.startsWith('application/wasm')) return WebAssembly.instantiateStreaming(response, imports)
  return WebAssembly.instantiate(await response.arrayBuffer(), imports)
}
