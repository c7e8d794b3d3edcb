import * as fs from 'node:fs'

/** Makes the names in a directory durable, where the system lets a directory be synced. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const handle = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
}
