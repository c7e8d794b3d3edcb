// A static server for tests: files of some directories, with the headers that isolate a page.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.map': 'application/json',
}

/** Serves the first directory of `roots` that has the file. */
export function serve(roots, { isolated = true } = {}) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname))
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    }
    response.setHeader('Cache-Control', 'no-cache')
    if (path === '/clear') {
      // As a user does who clears what sites have stored.
      response.setHeader('Clear-Site-Data', '"storage"')
      return void response.end('cleared')
    }
    for (const root of roots) {
      const file = join(root, path.endsWith('/') ? `${path}index.html` : path)
      const found = statSync(file, { throwIfNoEntry: false })
      if (!found?.isFile()) continue
      // Browsers keep the code they have compiled with what they have in their cache.
      const tag = `"${found.size}-${found.mtimeMs}"`
      response.setHeader('ETag', tag)
      if (request.headers['if-none-match'] === tag) return void response.writeHead(304).end()
      response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
      createReadStream(file).pipe(response)
      return
    }
    response.writeHead(404).end('not found')
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => server.close(),
        drop: () => server.closeAllConnections(),
      }),
    )
  })
}
