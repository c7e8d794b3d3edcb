import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PersistentStore } from '../core/store.js'
import { Failure, type Arguments } from './arguments.js'
import page from './dashboard.html'
import { activeReaders, withStore } from './open.js'
import { basics } from './stats.js'

/** A page that shows live figures, and the JSON they come from. It only reads. */
export async function serve(args: Arguments): Promise<void> {
  args.allow('port', 'host')
  const [file = ''] = args.words
  const host = args.text('host') ?? '127.0.0.1'
  await withStore(file, async (store) => {
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost')
      if (request.method !== 'GET') response.writeHead(405).end('this dashboard is read-only')
      else if (pathname === '/') response.writeHead(200, headers('text/html; charset=utf-8')).end(page)
      else if (pathname === '/figures') answer(response, () => figures(store, file))
      else response.writeHead(404).end('not found; there are only / and /figures')
    })
    server.listen(args.number('port') ?? 7878, host)
    await new Promise<void>((resolve, reject) => {
      server.once('listening', resolve)
      server.once('error', (error) => reject(new Failure(`cannot listen: ${error.message}`, 1)))
    })
    const { address, port } = server.address() as AddressInfo
    console.log(`http://${address.includes(':') ? `[${address}]` : address}:${port}/  (Ctrl-C ends it)`)
    await new Promise<void>((resolve) => {
      process.once('SIGINT', resolve)
      process.once('SIGTERM', resolve)
    })
    server.closeAllConnections()
    server.close()
  })
}

function headers(type: string): Record<string, string> {
  return {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy':
      "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
  }
}

function answer(response: import('node:http').ServerResponse, make: () => object): void {
  try {
    response.writeHead(200, headers('application/json')).end(JSON.stringify(make()))
  } catch (error) {
    response.writeHead(500, headers('application/json')).end(JSON.stringify({ error: (error as Error).message }))
  }
}

function figures(store: PersistentStore, file: string): object {
  // Shows what a writer has flushed since.
  store.view()
  const stats = store.stats()
  return { file, at: Date.now(), ...basics(store), stats, readers: activeReaders(file).length }
}
