import type { Workspace } from '../workspace.js'
import { extension } from '../paths.js'
import type { Doc } from './document.js'
import { HexDoc } from './hex.js'
import { ImageDoc, pictureType } from './image.js'
import { LargeDoc } from './large.js'
import { TextDoc } from './text.js'

/** Texts up to this are edited, larger ones read a part at a time. */
const EDITED = 4 << 20
/** Pictures up to this are shown. */
const SHOWN = 64 << 20
/** How much of a file tells what it is. */
const HEAD = 1 << 16

export type Form = 'text' | 'bytes' | 'picture' | 'database'

/** Opens a file in the form that suits it, or in the one asked for. */
export async function openFile(
  workspace: Workspace,
  path: string,
  follow: (link: string) => void,
  form?: Form,
): Promise<Doc> {
  const { size } = await workspace.fs.stat(path)
  const head = await workspace.fs.readFile(path, { offset: 0, length: HEAD })
  const suited = form ?? suits(path, head, size)
  switch (suited) {
    case 'database': {
      const { SqlDoc } = await import('../sql/document.js')
      return SqlDoc.open(workspace, path)
    }
    case 'picture':
      return ImageDoc.open(workspace, path, pictureType(path) ?? 'image/png')
    case 'text':
      if (size > EDITED) return LargeDoc.open(workspace, path)
      // The head was text; the rest may not be.
      return TextDoc.open(workspace, path, follow).catch((error: unknown) => {
        if (error instanceof TypeError) return HexDoc.open(workspace, path)
        throw error
      })
    case 'bytes':
      return HexDoc.open(workspace, path)
  }
}

/** By what is in it, and only then by its name. */
function suits(path: string, head: Uint8Array, size: number): Form {
  if (new TextDecoder('latin1').decode(head.subarray(0, 16)) === 'SQLite format 3\0') return 'database'
  if (size === 0) return ['db', 'sqlite', 'sqlite3'].includes(extension(path)) ? 'database' : 'text'
  // A drawing is a text, too.
  if (pictureType(path) && size <= SHOWN && head.includes(0)) return 'picture'
  return isText(head, size) ? 'text' : 'bytes'
}

function isText(head: Uint8Array, size: number): boolean {
  if (head.includes(0)) return false
  try {
    // A character may be cut at the end of the head.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: size > head.length })
    return true
  } catch {
    return false
  }
}
