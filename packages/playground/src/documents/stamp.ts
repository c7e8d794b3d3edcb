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
export function writeIf(
  workspace: Workspace,
  path: string,
  content: string | Uint8Array<ArrayBuffer>,
  right: (now: Stats | undefined) => boolean,
): Promise<Stats | undefined> {
  const { fs } = workspace
  return workspace.alone(`write:${path}`, async () => {
    if (!right(await ifThere(fs.stat(path)))) return undefined
    await fs.writeFile(path, content)
    return fs.stat(path)
  })
}
