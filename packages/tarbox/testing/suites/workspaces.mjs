/** The tests that browsers run in all their places, in those of Node.js. */
import { test } from 'node:test'
import { TarboxFs } from 'tarbox'
import { scratch } from '../scratch.mjs'

export const AGENT = 'node'
export const open = (options) => TarboxFs.open(options)

export function everywhere(title, body) {
  for (const storage of ['file', 'memory']) {
    test(`${title} (${storage})`, async (t) => {
      const place = storage === 'file' ? { path: scratch() } : { storage }
      let fs = await open(place)
      try {
        await body(fs, async () => {
          await fs.close()
          return (fs = await open(place))
        })
      } finally {
        await fs.close()
      }
    })
  }
}
