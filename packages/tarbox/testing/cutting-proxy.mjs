/** A network between a client and a server that can be told to fail. */
import { createServer, connect } from 'node:net'
import { once } from 'node:events'

/** Passes connections on to a port of this machine. */
export async function cuttingProxy(port) {
  const open = new Set()
  const proxy = { cutAnswers: 0, refuses: false, cut: 0 }
  const server = createServer((client) => {
    if (proxy.refuses) return client.destroy()
    const upstream = connect(port, '127.0.0.1')
    open.add(client)
    client.once('close', () => open.delete(client))
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('error', end).on('close', end)
    upstream.on('error', end).on('close', end)
    client.pipe(upstream)
    upstream.on('data', (data) => {
      // The request was carried out, and nobody hears of it.
      if (proxy.cutAnswers > 0) {
        proxy.cutAnswers -= 1
        proxy.cut += 1
        return end()
      }
      client.write(data)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  /** Cuts everything that is open, and lets nobody in until it is mended. */
  proxy.cutOff = () => {
    proxy.refuses = true
    for (const socket of open) socket.destroy()
  }
  proxy.mend = () => {
    proxy.refuses = false
  }
  proxy.url = `http://127.0.0.1:${server.address().port}`
  proxy.close = () => {
    server.close()
    for (const socket of open) socket.destroy()
  }
  return proxy
}
