import * as fs from 'node:fs'
import * as path from 'node:path'
import { READER_FRESH_MS } from '../core/node-place.js'
import { nodePlatform } from '../core/node-platform.js'
import { PersistentStore } from '../core/store.js'
import type { NervusDBOpenOptions } from '../types.js'

/** Opens what is there with the module of tools, and closes it after the work. */
export async function withStore<T>(
  file: string,
  work: (store: PersistentStore) => T | Promise<T>,
  options: NervusDBOpenOptions = {},
): Promise<T> {
  const store = await PersistentStore.openOn(
    nodePlatform,
    file,
    { mustExist: true, registerReader: false, ...options },
    true,
  )
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** A reader that has announced itself. */
export interface Reader {
  readonly pid: number
  readonly registeredAt: number
  readonly ageMs: number
}

/** The readers that still count. */
export function activeReaders(file: string): Reader[] {
  const directory = path.join(`${file}.pages`, 'readers')
  const names = fs.existsSync(directory) ? fs.readdirSync(directory) : []
  const now = Date.now()
  return names
    .map((name) => /^(\d+)-(\d+)/.exec(name))
    .filter((match) => match !== null)
    .map((match) => ({ pid: Number(match[1]), registeredAt: Number(match[2]), ageMs: now - Number(match[2]) }))
    .filter(({ ageMs }) => ageMs <= READER_FRESH_MS)
}

/** The order names of a command line. */
export const ORDERS = ['SPO', 'POS', 'OSP'] as const
