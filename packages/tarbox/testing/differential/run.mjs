/** Runs a sequence of calls on Node's own file system and on the facade, and says where they differ first. */
import { isDeepStrictEqual } from 'node:util'
import { pathToFileURL } from 'node:url'
import { ACCEPTED } from './accepted.mjs'
import { failed, ordered, shown, treeOf } from './compare.mjs'
import { Calls } from './calls.mjs'

/** A number that no file has, since a real one would soon be another file's. */
const CLOSED = 1_000_000

/** One of the two, with a directory of the same name in each. */
class Side {
  handles = []

  constructor(fs, top, isSync) {
    Object.assign(this, { fs, top, isSync })
  }

  call = (name, ...args) => this.fs[this.isSync ? `${name}Sync` : name](...args)

  get root() {
    return `${this.top}/1/2`
  }

  async begin() {
    this.handles = this.isSync ? new Array(100).fill(CLOSED) : []
    await this.call('mkdir', this.root, { recursive: true })
  }

  async act(source) {
    const keep = async (at, opened) => {
      this.handles[at] = await opened
      return 'open'
    }
    const entriesOf = async (opened) => {
      const dir = await opened
      const found = []
      for (
        let entry = this.isSync ? dir.readSync() : await dir.read();
        entry !== null;
        entry = this.isSync ? dir.readSync() : await dir.read()
      )
        found.push(entry)
      if (this.isSync) dir.closeSync()
      else await dir.close()
      return found
    }
    const times = (stats) => [stats.atimeNs, stats.mtimeNs, stats.atimeMs, stats.mtime.getTime()]
    try {
      const act = new Function('fs', 'root', 'h', 'keep', 'entriesOf', 'times', 'url', 'CLOSED', `return ${source}`)
      const result = await act(this.fs, this.root, this.handles, keep, entriesOf, times, pathToFileURL, CLOSED)
      return { result: ordered(shown(result)) }
    } catch (error) {
      return { error: failed(error) }
    }
  }

  snapshot() {
    return treeOf(this.call, this.top)
  }

  async end() {
    for (const handle of this.handles) {
      try {
        if (!this.isSync) await handle?.close()
        else if (handle !== CLOSED) this.fs.closeSync(handle)
      } catch {
        // It was closed by a call.
      }
    }
    await this.call('rm', this.top, { recursive: true, force: true })
  }
}

/** Where the sides differ, if they do. `between` says after how many calls trees are compared, too. */
async function differs(sides, sequence, between) {
  const [real, ours] = sides
  for (const side of sides) await side.begin()
  try {
    for (const [at, source] of sequence.entries()) {
      const [theirs, mine] = [await real.act(source), await ours.act(source)]
      if (ACCEPTED.some(({ is }) => is(source, theirs, mine))) return undefined
      if (!isDeepStrictEqual(theirs, mine)) return { at, source, node: theirs, tarbox: mine }
      if ((at + 1) % between !== 0 && at + 1 < sequence.length) continue
      const [before, after] = [await real.snapshot(), await ours.snapshot()]
      if (isDeepStrictEqual(before, after)) continue
      const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
        (path) => !isDeepStrictEqual(before[path], after[path]),
      )
      const only = (tree) => Object.fromEntries(paths.map((path) => [path, tree[path]]))
      return { at, source, node: only(before), tarbox: only(after) }
    }
    return undefined
  } finally {
    for (const side of sides) await side.end()
  }
}

/** The shortest sequence that is still found to differ. */
async function shrunk(sides, sequence) {
  let shortest = sequence
  for (let size = Math.max(1, sequence.length >> 1); size > 0; size >>= 1) {
    for (let at = shortest.length - size; at >= 0; at -= size) {
      const shorter = shortest.toSpliced(at, size)
      if (shorter.length > 0 && (await differs(sides, shorter, 1))) shortest = shorter
    }
  }
  return shortest
}

/**
 * Makes a sequence of a seed and runs it. What differs comes back with the shortest sequence that shows it, and as the line of
 * a program that repeats it.
 */
export async function compare({ seed, length, isSync, real, ours, top }) {
  const sides = [new Side(real, top, isSync), new Side(ours, top, isSync)]
  const sequence = new Calls(seed, isSync).sequence(length)
  const found = await differs(sides, sequence, 6)
  if (!found) return undefined
  const shortest = await shrunk(sides, sequence.slice(0, found.at + 1))
  return { seed, isSync, sequence: shortest, ...((await differs(sides, shortest, 1)) ?? found) }
}
