/// A page that reads one file as soon as it can.
import { TarboxFs } from 'tarbox'

const loaded = performance.now()
const fs = await TarboxFs.open({
  wasm: '/packages/tarbox/dist/tarbox.wasm',
  worker: '/packages/tarbox/dist/worker.js',
  name: 'bench-start',
})
const opened = performance.now()
if (!(await fs.exists('/first'))) await fs.writeFile('/first', 'x'.repeat(1000))
await fs.readFile('/first', 'utf8')
Object.assign(window, { times: { loaded, opened, read: performance.now() } })
