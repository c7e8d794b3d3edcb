import { extension } from '../paths.js'
import type { IconName } from '../ui/icons.js'

const KINDS: Record<string, IconName> = {
  db: 'database',
  sqlite: 'database',
  sqlite3: 'database',
  png: 'image',
  jpg: 'image',
  jpeg: 'image',
  gif: 'image',
  webp: 'image',
  avif: 'image',
  svg: 'image',
  ico: 'image',
  bmp: 'image',
  tar: 'archive',
  gz: 'archive',
  tgz: 'archive',
  zip: 'archive',
  zst: 'archive',
  xz: 'archive',
}

export function fileIcon(name: string): IconName {
  const kind = extension(name)
  // A file may be called `x.constructor`.
  return (Object.hasOwn(KINDS, kind) && KINDS[kind]) || 'file'
}
