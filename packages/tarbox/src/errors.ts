import { exactTextOf } from 'tarbox-device'
import type { Failure } from './messages.js'
import { ERRNO } from './protocol.js'

const MORE: Record<string, number> = {
  ENOTSUP: 95,
  EAGAIN: 11,
  ECANCELED: 125,
  EUCLEAN: 117,
  EILSEQ: 84,
  EFBIG: 27,
  E2BIG: 7,
  ENXIO: 6,
}

/** An operation failed: `code` is the POSIX error, and `message` describes it. */
export class TarboxError extends Error {
  override readonly name = 'TarboxError'
  /** The error name, such as `ENOENT`. */
  readonly code: string
  /** The error number of Linux, negative as in Node.js. */
  readonly errno: number
  readonly syscall: string
  declare readonly path?: string
  /** The target path, for a rename, copy or link. */
  declare readonly dest?: string

  constructor(
    code: string,
    message: string,
    about: { syscall?: string; path?: string | undefined; dest?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, about.cause === undefined ? undefined : { cause: about.cause })
    this.code = code
    this.errno = -((ERRNO as Record<string, number>)[code] ?? MORE[code] ?? 5)
    this.syscall = about.syscall ?? ''
    if (about.path !== undefined) this.path = about.path
    if (about.dest !== undefined) this.dest = about.dest
  }

  static of(failure: Failure, syscall: string, path?: string): TarboxError {
    return new TarboxError(failure.code, `${failure.code}: ${failure.message}${about(syscall, path)}`, {
      syscall,
      path,
    })
  }

  /** @internal What it was made {@link of}. */
  get failure(): Failure {
    const message = this.message.slice(this.code.length + 2)
    const subject = about(this.syscall, this.path)
    return {
      code: this.code,
      errno: -this.errno,
      message: subject && message.endsWith(subject) ? message.slice(0, -subject.length) : message,
    }
  }
}

function about(syscall: string, path: string | undefined): string {
  return path ? `, ${syscall} '${path}'` : ''
}

/** A text that stands for something, such as the target of a link; `EILSEQ` if it is no UTF-8. */
export function exactText(bytes: Uint8Array, syscall: string, path: string): string {
  const text = exactTextOf(bytes)
  if (text === undefined)
    throw new TarboxError('EILSEQ', `EILSEQ: it is not UTF-8, ${syscall} '${path}'`, { syscall, path })
  return text
}

export function failure(error: unknown): Failure {
  const code = (error as { code?: unknown } | null)?.code
  // What it was about is said behind it.
  const message = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
  return { code: typeof code === 'string' ? code : 'EIO', errno: 5, message }
}
