import { IndexedDbSlots, OpfsSlots } from 'tarbox-device'

/** Bytes copied at once. */
const PIECE = 1 << 20

/** The database that a workspace is in where there are no handles. */
export function databaseOf(name: string): string {
  return `tarbox-${name}`
}

/** Whether a workspace is in IndexedDB. */
export function isToMove(name: string): Promise<boolean> {
  return IndexedDbSlots.exists(databaseOf(name))
}

/**
 * Moves a workspace out of IndexedDB once the browser has handles. IndexedDB is the truth until its database is deleted,
 * so whatever an attempt that did not end has left is made again.
 */
export async function moveToOpfs(name: string): Promise<void> {
  const from = new IndexedDbSlots(databaseOf(name))
  const files = await from.open()
  const to = new OpfsSlots(`.tarbox/${name}`, 10_000)
  for (const [old, handle] of await to.open()) {
    handle.close()
    await to.remove(old)
  }
  const buffer = new Uint8Array(PIECE)
  for (const [, source] of files) {
    const [, target] = await to.create()
    try {
      for (let at = 0; at < source.getSize(); at += PIECE) {
        const count = source.read(buffer, { at })
        target.write(buffer.subarray(0, count), { at })
      }
      target.flush()
    } finally {
      target.close()
    }
  }
  await from.destroy()
}
