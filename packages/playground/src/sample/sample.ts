import { join } from '../paths.js'
import type { Workspace } from '../workspace.js'
import { SqlClient } from '../sql/client.js'

/** The files of the sample, by their paths in `files`. */
const FILES = import.meta.glob<string>('./files/**/*', { query: '?raw', import: 'default' })

/** Nothing was ever done here. */
export async function isFirstVisit({ fs, readOnly }: Workspace): Promise<boolean> {
  if (readOnly) return false
  const [entries, records] = await Promise.all([fs.listDirectory('/'), fs.audit({ limit: 1, operation: 'create' })])
  return entries.every(({ name }) => name === '.tarbox') && records.length === 0
}

/** Makes the sample project and returns its first page. */
export async function bringSample({ fs }: Workspace, directory: string): Promise<string> {
  const texts = Object.entries(FILES).map(
    async ([path, load]) => [join(directory, path.slice('./files/'.length)), await load()] as const,
  )
  const files: (readonly [string, string | Uint8Array])[] = await Promise.all([...texts, database(directory)])
  const folders = new Set(files.map(([path]) => path.slice(0, path.lastIndexOf('/'))).filter((path) => path !== ''))
  // All at once: they share one write to the device.
  await Promise.all([
    ...[...folders].map((folder) => fs.mkdir(folder, { recursive: true })),
    ...files.map(([path, content]) => fs.writeFile(path, content)),
  ])
  return join(directory, 'README.md')
}

async function database(directory: string): Promise<readonly [string, Uint8Array]> {
  const { default: script } = await import('./bakery.sql?raw')
  const client = new SqlClient()
  try {
    return [join(directory, 'data/bakery.db'), await client.script(script)]
  } finally {
    client.stop()
  }
}
