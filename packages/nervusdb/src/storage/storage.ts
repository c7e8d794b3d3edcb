/** How a file is opened; the numbers are part of the contract with the engine. */
export const OpenFlags = { create: 1, createNew: 2, readOnly: 4 } as const

/**
 * Named files of bytes, as the engine needs them: synchronous, with failures as thrown errors that carry a POSIX `code`.
 *
 * A power cut may take back what was not synced, and nothing else. Names are `/`-separated and safe to join to a directory.
 */
export interface Storage {
  /** Opens a file and gives its number. */
  open(name: string, flags: number): number
  close(file: number): void
  /** Fills `target` from `offset` on; gives fewer bytes only where the file ends. */
  read(file: number, target: Uint8Array, offset: number): number
  /** Writes all or throws. */
  write(file: number, source: Uint8Array, offset: number): void
  truncate(file: number, length: number): void
  /** Returns when contents, length and existence of the file are durable. */
  sync(file: number): void
  length(file: number): number
  exists(name: string): boolean
  delete(name: string): void
  list(prefix: string): string[]
  /** Makes all creations and deletions durable. */
  syncNames(): void
  /** Closes what is still open. */
  dispose(): void
}

/** An error with a POSIX code, as `node:fs` throws them. */
export function posixError(code: string, what: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}
