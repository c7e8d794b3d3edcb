import { TarboxError } from 'tarbox'
import { problem } from './ui/toast.js'

/** What an error means for the one who sees it, and what to do. */
const WORDS: Record<string, string> = {
  EACCES: 'You do not have permission to do this.',
  EAGAIN: 'The tab that owned the files was closed. Check whether the change was made, and repeat it if not.',
  EBUSY: 'It is in use at the moment. Try again later.',
  EDQUOT:
    'The quota of this workspace is used up. Delete something, or drop a layer, and collect garbage under Storage.',
  EEXIST: 'This name already exists. Choose another name.',
  EISDIR: 'This is a folder, not a file.',
  ELOOP: 'A symbolic link points back to itself.',
  ENAMETOOLONG: 'The name is too long: the limit is 255 bytes.',
  ENOENT: 'It does not exist any more. It was moved or deleted.',
  ENOSPC: 'The browser gives this site no more space. Delete something, or free space on the device.',
  ENOTDIR: 'A part of this path is a file, not a folder.',
  ENOTEMPTY: 'The folder is not empty.',
  EROFS: 'You are looking at a past state, which cannot be changed. Return to the present first.',
  EPERM: 'That is not allowed here.',
}

/** Nothing instead of the error that nothing is there. Another error is not taken for that. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof TarboxError && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

export function words(error: unknown): string {
  if (error instanceof TarboxError) return WORDS[error.code] ?? sentence(error.message)
  return error instanceof Error ? error.message : String(error)
}

/** `EINVAL: a name holds no '/', checkpoint 'a/b'` without what is for programs. */
function sentence(message: string): string {
  const text = message.replace(/^E[A-Z]+: /, '').replace(/, \w+ '[^']*'$/, '')
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

/** Does something, and says in words if it fails. `what` is the sentence's beginning: `The file could not be saved`. */
export async function attempt<T>(what: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined
    if (!(error instanceof TarboxError)) console.error(error)
    problem(`${what}. ${words(error)}`)
    return undefined
  }
}
