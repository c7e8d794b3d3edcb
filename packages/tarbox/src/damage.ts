import { type Damaged, IndexedDbSlots, type SlotPool } from 'tarbox-device'
import type { Failure, Init } from './messages.js'
import { databaseOf, privateDirectory } from './places.js'

/** What a pool calls the database and what is beside it. */
export const DATABASE = 'tarbox.db'

/**
 * Refuses to begin anew where a workspace was, or to go on with a part of one, unless that is asked for. What is damaged
 * stays in the pool.
 */
export function refuseDamage(pool: SlotPool, { name, onDamage }: Init): void {
  const aside: readonly Damaged[] = [...pool.setAside(), ...(pool.store.damaged ?? [])]
  const names = pool.names()
  const isThere = names.includes(DATABASE)
  const lost = aside.filter(({ size, path }) => size > 0 && (!isThere || path.startsWith(`/${DATABASE}`)))
  const list = (files: readonly Damaged[]) =>
    files.map(({ file, path, reason }) => `${file} (${path || 'nameless'}): ${reason}`).join('; ')
  if (lost.length > 0 && onDamage === 'refuse')
    throw damaged(`the workspace '${name}' is damaged in ${pool.store.label}: ${list(lost)}`)
  if (aside.length > 0) console.warn(`tarbox: set aside in ${pool.store.label}: ${list(aside)}`)
  if (isThere) return
  // A log without its database would be taken for the new one's.
  for (const left of names) if (left.startsWith(DATABASE)) pool.rename(left, `left-${crypto.randomUUID()}-${left}`)
}

/**
 * A browser that finds its IndexedDB damaged deletes it without a word. That a workspace was there is noted outside, in
 * the name of an empty private file; it goes only with everything else of the site.
 */
export async function refuseLoss({ name, onDamage }: Init): Promise<void> {
  if (onDamage === 'proceed' || (await IndexedDbSlots.exists(databaseOf(name)))) return
  const noted = await notes()
    .then((directory) => directory.getFileHandle(name))
    .then(
      () => true,
      () => false,
    )
  if (noted) throw damaged(`the browser has lost the IndexedDB database ${databaseOf(name)} of the workspace '${name}'`)
}

/** Where a browser has no private files, there is nowhere to note it. */
export async function noteWorkspace(name: string): Promise<void> {
  await notes()
    .then((directory) => directory.getFileHandle(name, { create: true }))
    .catch(() => undefined)
}

export async function forgetWorkspace(name: string): Promise<void> {
  await notes()
    .then((directory) => directory.removeEntry(name))
    .catch(() => undefined)
}

function notes(): Promise<FileSystemDirectoryHandle> {
  return privateDirectory('.tarbox-indexeddb')
}

function damaged(what: string): Error & Failure {
  const advice =
    "open it with { onDamage: 'proceed' } to continue without it, or with an empty workspace if nothing is left"
  return Object.assign(new Error(`${what}; ${advice}`), { code: 'EUCLEAN', errno: 117 })
}
