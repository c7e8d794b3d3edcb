/** The tests that browsers run in all their places, in those of Node.js. */
import { test } from 'node:test'
import { TarboxFs } from 'tarbox'
import { scratch } from '../scratch.mjs'
import { tenant } from '../server.mjs'

export const HAS_SITE = false
export const open = (options) => TarboxFs.open(options)

const keys = new WeakMap()

/** What the audit calls the way in to a workspace. */
export const agentOf = (fs) => (keys.has(fs) ? `key:${keys.get(fs).split('_')[1]}` : 'node')

/** A place of each kind. */
const PLACES = { file: () => ({ path: scratch() }), memory: () => ({ storage: 'memory' }), server: () => tenant() }

async function opened(place) {
  const fs = await open(place)
  if (place.key) keys.set(fs, place.key)
  return fs
}

export function everywhere(title, body) {
  for (const [storage, placed] of Object.entries(PLACES)) {
    test(`${title} (${storage})`, async () => {
      const place = await placed()
      let fs = await opened(place)
      try {
        await body(fs, async () => {
          await fs.close()
          return (fs = await opened(place))
        })
      } finally {
        await fs.close()
      }
    })
  }
}
