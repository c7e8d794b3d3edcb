/// The server that a workspace of this browser is kept in step with.
import { kept } from '../ui/kept.js'

export interface Connection {
  url: string
  key: string
}

/**
 * The key is in `localStorage`, since every tab may have to go on with it, also after the browser was closed. Whatever else a page can
 * keep a key in without asking for it each time, scripts of the same site can read or use as well. What guards it is that there are none:
 * the page's policy allows no script but its own.
 */
const place = (workspace: string) => `sync:${workspace}`

export function connectionOf(workspace: string): Connection | undefined {
  return kept.get<Connection | null>(place(workspace)) ?? undefined
}

/** Says whether the browser keeps it. */
export function connect(workspace: string, connection: Connection): boolean {
  kept.set(place(workspace), connection)
  return connectionOf(workspace)?.key === connection.key
}

export function disconnect(workspace: string): void {
  kept.set(place(workspace), null)
}

/** Whose key it is. */
export interface Whose {
  tenant: string
  scope: 'read' | 'write' | 'layers' | 'admin'
}

/** Asks a server whose key that is. A worker does, which the page's policy does not bind to its own site. */
export function ask({ url, key }: Connection): Promise<Whose> {
  const worker = new Worker(new URL('../workers/ask.ts', import.meta.url), { type: 'module' })
  return new Promise<Whose>((resolve, reject) => {
    worker.onerror = () => reject(new Error('The page could not ask the server. Reload it, and try again.'))
    worker.onmessage = ({ data }: MessageEvent<{ whose: Whose } | { problem: string }>) =>
      'whose' in data ? resolve(data.whose) : reject(new Error(data.problem))
    worker.postMessage({ url, key })
  }).finally(() => worker.terminate())
}
