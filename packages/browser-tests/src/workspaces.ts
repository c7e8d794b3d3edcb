import { TarboxFs, type OpenOptions } from 'tarbox'
import { equal, test } from './harness.js'

export const where = { wasm: '/packages/tarbox/dist/tarbox.wasm', worker: '/packages/tarbox/dist/worker.js' }
export const open = (options: OpenOptions) => TarboxFs.open({ ...where, ...options })
/** Whether a site has room for what is stored. */
export const HAS_SITE: boolean = true
/** What the audit calls the way in to a workspace. */
export const agentOf = (_fs: TarboxFs): string => 'browser'
let names = 0

/** Each test with each place to keep the files. */
export function everywhere(
  title: string,
  body: (fs: TarboxFs, reopen: () => Promise<TarboxFs>) => Promise<void>,
): void {
  for (const storage of ['opfs', 'indexeddb', 'memory'] as const) {
    test(`${title} (${storage})`, async () => {
      const name = `t${names++}-${crypto.randomUUID().slice(0, 8)}`
      let fs = await open({ name, storage })
      equal(fs.storage, storage)
      await body(fs, async () => {
        await fs.close()
        return (fs = await open({ name, storage }))
      })
      await fs.close()
    })
  }
}
