import type { Stats } from 'tarbox'

/** A state of a file: whoever writes it makes another. */
export function stamp({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
}
