import type { Engine } from './engine.js'

/** The module's memory, for programs that call the C interface themselves. */
export interface Wasm {
  readonly memory: WebAssembly.Memory
  readonly exports: Record<string, any>
  readonly bigIntEnabled: true
  readonly ptrSizeof: 4
  heap8(): Int8Array
  heap8u(): Uint8Array
  heap32(): Int32Array
  alloc(size: number): number
  dealloc(at: number): void
  allocCString(text: string): number
  cstrToJs(at: number): string | null
  isPtr(value: unknown): value is number
  peek8(at: number): number
  peek32(at: number): number
  peek64(at: number): bigint
  peekPtr(at: number): number
  poke8(at: number, value: number): void
  poke32(at: number, value: number): void
  poke64(at: number, value: bigint): void
  pokePtr(at: number, value: number): void
}

export function makeWasm(engine: Engine): Wasm {
  const { memory } = engine.module.host
  const view = () => new DataView(memory.buffer)
  return {
    memory,
    exports: engine.exports,
    bigIntEnabled: true,
    ptrSizeof: 4,
    heap8: () => new Int8Array(memory.buffer),
    heap8u: () => engine.bytes,
    heap32: () => engine.words,
    alloc: (size) => engine.alloc(size),
    dealloc: (at) => engine.free(at),
    allocCString: (text) => engine.allocText(text),
    cstrToJs: (at) => engine.cstring(at),
    isPtr: (value): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0,
    peek8: (at) => view().getInt8(at),
    peek32: (at) => view().getInt32(at, true),
    peek64: (at) => view().getBigInt64(at, true),
    peekPtr: (at) => view().getUint32(at, true),
    poke8: (at, value) => view().setInt8(at, value),
    poke32: (at, value) => view().setInt32(at, value, true),
    poke64: (at, value) => view().setBigInt64(at, value, true),
    pokePtr: (at, value) => view().setUint32(at, value, true),
  }
}
