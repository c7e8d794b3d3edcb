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
