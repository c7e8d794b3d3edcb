import { codeOf as codeOfHost } from 'tarbox-device/code'

/** Error codes. Errors of the host keep their own codes, such as `ENOENT` and `ENOSPC`. */
export type ErrorCode =
  | 'CLOSED'
  | 'CORRUPT'
  | 'INTERNAL'
  | 'INVALID_ARGUMENT'
  | 'INVALID_TEXT'
  | 'LOCKED'
  | 'NOT_A_DATABASE'
  | 'NOT_FOUND'
  | 'NO_MANIFEST'
  | 'READ_ONLY'
  | 'TOO_LARGE'
  | 'UNKNOWN_TERM'
  | 'UNSUPPORTED'
  | 'VERSION'
  | (string & {})

/** The error class of this package: `message` says what is wrong and what to do, and `code` is for programs. */
export class NervusDBError extends Error {
  override readonly name: string = 'NervusDBError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** The code of a host's error, if it has one. Declared here, since the declarations are shipped alone. */
export const codeOf: (error: unknown) => string | undefined = codeOfHost
