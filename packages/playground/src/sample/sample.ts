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

/** The name of the checkpoint that seals the sample on a first visit. */
export const SAMPLE = 'sample'

/** There is the sample project that a first visit brought, and nothing else was ever done. */
export async function isUntouchedSample({ fs, layers }: Workspace): Promise<boolean> {
  if (layers.length !== 2 || layers[0]!.name !== SAMPLE || !layers[1]!.current) return false
  return (await fs.layers.diff(SAMPLE)).length === 0
}

/** Removes everything. The checkpoint has it still. */
export async function removeSample({ fs }: Workspace): Promise<void> {
  const entries = await fs.listDirectory('/')
  await Promise.all(
    entries.filter(({ name }) => name !== '.tarbox').map(({ name }) => fs.rm(`/${name}`, { recursive: true })),
  )
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
