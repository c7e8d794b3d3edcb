// TARBOX_API_KEY=tbx_… node use.mjs [URL]: works on the workspace of a server.
import { TarboxFs } from 'tarbox'

const fs = await new TarboxFs(process.argv[2] ?? 'http://localhost:8787', process.env.TARBOX_API_KEY).init()
await fs.mkdir('/drafts', { recursive: true })
await fs.writeFile('/drafts/a.txt', 'first')
await fs.layers.checkpoint(`example-${Date.now()}`)
await fs.writeFile('/drafts/a.txt', 'second')
const [latest] = (await fs.layers.list()).slice(-2)
for (const { kind, path } of await fs.layers.diff(latest.id)) console.log(kind, path)
await fs.close()
