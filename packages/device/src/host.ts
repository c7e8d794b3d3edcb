import { codeOf } from './errors.js'
import { type Handle, readUpTo, writeAll } from './handle.js'
import { textOf } from './text.js'

/** What a pool's handles have done. Times are in milliseconds. */
export interface Metrics {
  reads: number
  writes: number
  flushes: number
  truncates: number
  bytesRead: number
  bytesWritten: number
  readTime: number
  writeTime: number
  flushTime: number
  readTimeMax: number
  writeTimeMax: number
  flushTimeMax: number
}

export function emptyMetrics(): Metrics {
  return {
    reads: 0,
    writes: 0,
    flushes: 0,
    truncates: 0,
    bytesRead: 0,
    bytesWritten: 0,
    readTime: 0,
    writeTime: 0,
    flushTime: 0,
    readTimeMax: 0,
    writeTimeMax: 0,
    flushTimeMax: 0,
  }
}

interface Slot {
  readonly handle: Handle
  readonly name: string
  readonly metrics: Metrics
}

/** What a module of ours imports: handles by number, the clock, randomness, the console. */
export class Host {
  /** Set as soon as the module is there. */
  memory!: WebAssembly.Memory
  readonly #slots: (Slot | undefined)[] = []
  #heap = new Uint8Array()
  #lastError = ''

  /** The module's memory. The view is made again when the memory has grown: then the old one has no length any more. */
  get heap(): Uint8Array<ArrayBuffer> {
    if (this.#heap.length === 0) this.#heap = new Uint8Array(this.memory.buffer)
    return this.#heap as Uint8Array<ArrayBuffer>
  }

  add(handle: Handle, name: string, metrics: Metrics): number {
    return this.#slots.push({ handle, name, metrics }) - 1
  }

  remove(slot: number): { handle: Handle; name: string } | undefined {
    const found = this.#slots[slot]
    this.#slots[slot] = undefined
    return found
  }

  handle(slot: number): Handle {
    return this.#slot(slot).handle
  }

  #slot(slot: number): Slot {
    const found = this.#slots[slot]
    if (!found) throw new DOMException(`handle ${slot} is closed`, 'InvalidStateError')
    return found
  }

  /** Does something with a handle, and turns an exception into a number. */
  #try(act: () => number): number {
    try {
      return act()
    } catch (error) {
      this.#lastError = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      return codeOf(error)
    }
  }

  #put(text: string, to: number, room: number): number {
    return new TextEncoder().encodeInto(text, this.heap.subarray(to, to + room)).written
  }

  readonly imports: Record<string, WebAssembly.ImportValue> = {
    handle_read: (slot: number, to: number, length: number, at: number) =>
      this.#try(() => {
        const { handle, metrics } = this.#slot(slot)
        const start = performance.now()
        const count = readUpTo(handle, this.heap.subarray(to, to + length), at)
        const took = performance.now() - start
        metrics.reads += 1
        metrics.bytesRead += count
        metrics.readTime += took
        if (took > metrics.readTimeMax) metrics.readTimeMax = took
        return count
      }),
    handle_write: (slot: number, from: number, length: number, at: number) =>
      this.#try(() => {
        const { handle, metrics } = this.#slot(slot)
        const start = performance.now()
        writeAll(handle, this.heap.subarray(from, from + length), at)
        const took = performance.now() - start
        metrics.writes += 1
        metrics.bytesWritten += length
        metrics.writeTime += took
        if (took > metrics.writeTimeMax) metrics.writeTimeMax = took
        return length
      }),
    handle_truncate: (slot: number, length: number) =>
      this.#try(() => {
        const { handle, metrics } = this.#slot(slot)
        handle.truncate(length)
        metrics.truncates += 1
        return 0
      }),
    handle_flush: (slot: number) =>
      this.#try(() => {
        const { handle, metrics } = this.#slot(slot)
        const start = performance.now()
        handle.flush()
        const took = performance.now() - start
        metrics.flushes += 1
        metrics.flushTime += took
        if (took > metrics.flushTimeMax) metrics.flushTimeMax = took
        return 0
      }),
    handle_len: (slot: number) => this.#try(() => this.#slot(slot).handle.getSize()),
    handle_name: (slot: number, to: number, room: number) => this.#put(this.#slots[slot]?.name ?? '', to, room),
    handle_error: (to: number, room: number) => this.#put(this.#lastError, to, room),
    now: () => performance.timeOrigin + performance.now(),
    random: (to: number, length: number) => {
      // Browsers give at most 65,536 bytes at once, and none into shared memory.
      for (let done = 0; done < length; done += 65_536) {
        this.heap.set(crypto.getRandomValues(new Uint8Array(Math.min(65_536, length - done))), to + done)
      }
    },
    local_time: (seconds: number, to: number) => {
      const date = new Date(seconds * 1000)
      if (Number.isNaN(date.getTime())) return 3
      const offset = date.getTimezoneOffset()
      const of = (month: number) => new Date(date.getFullYear(), month, 1).getTimezoneOffset()
      const standard = Math.max(of(0), of(6))
      const dayOfYear =
        (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 1)) /
        86_400_000
      new Int32Array(this.memory.buffer, to, 10).set([
        date.getFullYear(),
        date.getMonth() + 1,
        date.getDate(),
        date.getHours(),
        date.getMinutes(),
        date.getSeconds(),
        date.getDay(),
        dayOfYear,
        Number(offset < standard),
        -offset * 60,
      ])
      return 0
    },
    console: (from: number, length: number) => {
      console.error(textOf(this.heap.slice(from, from + length)))
    },
  }
}
