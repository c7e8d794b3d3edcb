/**
 * A file that can be read and written without waiting: a `FileSystemSyncAccessHandle`, or a stand-in of the same shape.
 */
export interface Handle {
  read(to: Uint8Array, options: { at: number }): number
  write(from: Uint8Array, options: { at: number }): number
  truncate(length: number): void
  flush(): void
  getSize(): number
  close(): void
}

/**
 * Writes all of it, or throws. Browsers tell of a disk that is full by an exception, by a count that is too small, or by
 * one below zero, which may have lost its sign on the way and is larger than what was to be written.
 */
export function writeAll(handle: Handle, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    const left = bytes.length - done
    const count = handle.write(bytes.subarray(done), { at: at + done })
    if (!(count > 0 && count <= left))
      throw new DOMException(`the device wrote ${count} of ${left} bytes`, 'QuotaExceededError')
    done += count
  }
}

/** Reads up to the end of the file, and says how many bytes there were. */
export function readUpTo(handle: Handle, to: Uint8Array, at: number): number {
  const count = handle.read(to, { at })
  if (!(count >= 0 && count <= to.length))
    throw new DOMException(`the device read ${count} of ${to.length} bytes`, 'UnknownError')
  return count
}
