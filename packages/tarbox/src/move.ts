import { IndexedDbSlots, OpfsSlots, readUpTo, type SlotFiles, writeAll } from 'tarbox-device'
import { forgetWorkspace } from './damage.js'
import { databaseOf, directoryOf, privateDirectory } from './places.js'

/** Bytes copied at once. */
const PIECE = 1 << 20
/** The file beside a pool's that says it is not whole yet. */
const MOVING = 'moving'

/**
 * Whether a workspace that is in IndexedDB is to move to the private files: if nothing is there, or what an earlier attempt
 * has left. A workspace that is in both was made in both, and stays so.
 */
export async function isToMove(name: string, files: SlotFiles): Promise<boolean> {
  if (files.length === 0) return true
  const directory = await privateDirectory(directoryOf(name))
  return directory.getFileHandle(MOVING).then(
    () => true,
    () => false,
  )
}

/**
 * Moves a workspace out of IndexedDB once the browser has handles. IndexedDB is the truth until all of it is copied, so
 * whatever an attempt that did not end has left is made again.
 */
export async function moveToOpfs(name: string): Promise<void> {
  const from = new IndexedDbSlots(databaseOf(name))
  const files = await from.open()
  const [damaged] = from.damaged
  if (damaged) {
    from.close()
    const message = `the workspace '${name}' cannot be moved to OPFS, since ${damaged.file} is damaged in ${from.label}: ${damaged.reason}; open it with { storage: 'indexeddb' }`
    throw Object.assign(new Error(message), { code: 'EUCLEAN' })
  }
  const to = new OpfsSlots(directoryOf(name), 10_000)
  const directory = await privateDirectory(directoryOf(name))
  await directory.getFileHandle(MOVING, { create: true })
  for (const [old, handle] of await to.open()) {
    handle.close()
    await to.remove(old)
  }
  const buffer = new Uint8Array(PIECE)
  for (const [, source] of files) {
    const [, target] = await to.create()
    try {
      for (let at = 0; at < source.getSize(); at += PIECE) {
        const count = readUpTo(source, buffer, at)
        writeAll(target, buffer.subarray(0, count), at)
      }
      target.flush()
    } finally {
      target.close()
    }
  }
  // From here on it is whole, whatever becomes of the database.
  await directory.removeEntry(MOVING)
  await from.destroy()
  await forgetWorkspace(name)
}
