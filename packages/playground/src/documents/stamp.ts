import type { Stats } from 'tarbox'
import { ifThere } from '../problems.js'
import type { Workspace } from '../workspace.js'

/** A state of a file: whoever writes it makes another. */
export function stamp({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
}

/**
 * Writes a file if it is as it should be, and gives its state then; nothing if it is not. One tab does so at a time: none
 * writes between another's look and its writing.
 */
export async function writeIf({ fs, name }: Workspace, path: string, content: string | Uint8Array<ArrayBuffer>, right: (now: Stats | undefined) => boolean): Promise<Stats | undefined> {
  const write = async () => {
    if (!right(await ifThere(fs.stat(path)))) return undefined
    await fs.writeFile(path, content)
    return fs.stat(path)
  }
  // Without encryption a site has no locks, and nothing that several tabs share.
  return isSecureContext ? navigator.locks.request(`tarbox-playground:${name}:${path}`, write) : write()
}
