/** Replicas for tests. */
import { TarboxFs } from 'tarbox'

/** Opens a workspace as a replica of one at a server, until the test has ended. */
export async function replica(t, { url, key }, options = {}) {
  const opened = await TarboxFs.open({ ...options, sync: { url, key } })
  t.after(() => opened.close())
  return opened
}

/** Waits for a status. */
export async function until(workspace, is) {
  for await (const status of workspace.replica.watch()) if (is(status)) return status
  throw new Error('the workspace was closed')
}

/** What is at the server, for whoever works there. */
export function at(t, { url, key }) {
  const remote = new TarboxFs(url, key)
  t.after(() => remote.close())
  return remote
}
