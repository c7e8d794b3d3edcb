/// Both contents of a conflict, as far as they can be shown.
import { isMissing } from '../problems.js'
import type { Workspace } from '../workspace.js'

/** The largest content that is read to be shown, or to be brought back. */
const READ = 64 << 20
/** The largest text that is compared. */
const COMPARED = 2 << 20

export interface Content {
  path: string
  size: number
  /** Milliseconds since 1970. */
  modified: number
  /** Nothing where it is too large to be read here. */
  bytes: Uint8Array<ArrayBuffer> | undefined
  text: string | undefined
}

/** What is at a path; nothing if there is nothing. */
export async function contentAt({ fs }: Workspace, path: string): Promise<Content | undefined> {
  try {
    const stats = await fs.stat(path)
    if (!stats.isFile()) return { path, size: 0, modified: stats.mtimeMs, bytes: undefined, text: undefined }
    const { size, mtimeMs: modified } = stats
    const bytes = size <= READ ? await fs.readFile(path) : undefined
    return { path, size, modified, bytes, text: bytes && textOf(bytes) }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > COMPARED || bytes.subarray(0, 1 << 16).includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The first letters of the SHA-256 of a content. Pages without encryption cannot compute one. */
export async function hashOf({ bytes }: Content): Promise<string | undefined> {
  if (!bytes || !isSecureContext) return undefined
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
