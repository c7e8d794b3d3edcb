import { join } from '../paths.js'
import type { Workspace } from '../workspace.js'

/** The files of the sample, by their paths in `files`. */
const FILES = import.meta.glob<string>(['./files/**/*', './files/**/.*'], { query: '?raw', import: 'default' })

/** Nothing was ever done here. */
export async function isFirstVisit({ fs, readOnly }: Workspace): Promise<boolean> {
  if (readOnly) return false
  const [entries, records] = await Promise.all([fs.listDirectory('/'), fs.audit({ limit: 1, operation: 'create' })])
  return entries.every(({ name }) => name === '.tarbox') && records.length === 0
}

/** Makes the sample project, with a first layer, and returns where it is to be read from. */
export async function bringSample(workspace: Workspace, directory: string): Promise<string> {
  const { fs } = workspace
  const loaded = await Promise.all(Object.entries(FILES).map(async ([path, load]) => [join(directory, path.slice('./files/'.length)), await load()] as const))
  const folders = new Set(loaded.map(([path]) => path.slice(0, path.lastIndexOf('/'))).filter((path) => path !== ''))
  await Promise.all([...folders].map((folder) => fs.mkdir(folder, { recursive: true })))
  await Promise.all(loaded.map(([path, content]) => fs.writeFile(path, content)))
  return join(directory, 'README.md')
}
