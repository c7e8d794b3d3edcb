import { codeOf as posixCode } from './code.js'

/** What went wrong with the storage of the browser, by its POSIX name. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  constructor(
    readonly code: 'EBUSY' | 'ENOENT' | 'ENOSPC' | 'EACCES' | 'EFBIG' | 'ENOTSUP' | 'EIO' | 'EEXIST' | 'EINVAL',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** What `crates/opfs` makes of an exception of a handle, by its name in browsers and its code in Node.js. */
const CODES: Record<string, number> = {
  QuotaExceededError: -2,
  NoModificationAllowedError: -3,
  NotFoundError: -4,
  InvalidStateError: -4, // the file went away under its handle
  NotAllowedError: -5,
  SecurityError: -5,
  RangeError: -6,
  ENOSPC: -2,
  EDQUOT: -2,
  EACCES: -5,
  EPERM: -5,
  EROFS: -5,
  // A file that may not grow is a device that is full.
  EFBIG: -2,
}

export function codeOf(error: unknown): number {
  return (error instanceof Error && (CODES[error.name] ?? CODES[posixCode(error) ?? ''])) || -1
}

/** An exception of the browser in our words. `what` says what was tried. */
export function explain(error: unknown, what: string): DeviceError {
  if (error instanceof DeviceError) return error
  const name = error instanceof Error ? error.name : ''
  const options = { cause: error }
  switch (name) {
    case 'NoModificationAllowedError':
      return new DeviceError(
        'EBUSY',
        `${what}: another tab or worker has it open. Close that one, or wait for it.`,
        options,
      )
    case 'QuotaExceededError':
      return new DeviceError(
        'ENOSPC',
        `${what}: the storage of this site is full. Delete something, or request persistent storage with navigator.storage.persist().`,
        options,
      )
    case 'NotFoundError':
      return new DeviceError('ENOENT', `${what}: it does not exist (any more).`, options)
    case 'NotAllowedError':
    case 'SecurityError':
      return new DeviceError(
        'EACCES',
        `${what}: the browser does not allow storage here, as in some private windows and third-party frames.`,
        options,
      )
    default:
      return new DeviceError('EIO', `${what}: ${error instanceof Error ? error.message : String(error)}`, options)
  }
}
