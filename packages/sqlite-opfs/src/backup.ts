import { constants } from './constants.js'
import type { Engine } from './engine.js'
import { toss } from './errors.js'
import type { DB } from './oo1/db.js'
import type { OnProgress } from './streams.js'

export interface BackupOptions {
  /** Pages copied before others get a turn; −1 for all of them. */
  pages?: number
  onProgress?: OnProgress
}

/** Copies one open database into another, a few pages at a time. Progress is in pages. */
export async function backupPages(
  engine: Engine,
  from: DB,
  to: DB,
  { pages = 256, onProgress }: BackupOptions,
): Promise<void> {
  const { exports } = engine
  const backup: number = engine.withText('main', (main) =>
    exports['sqlite3_backup_init'](to.pointer, main, from.pointer, main),
  )
  if (!backup) to.checkRc(exports['sqlite3_extended_errcode'](to.pointer))
  let code: number
  try {
    do {
      code = exports['sqlite3_backup_step'](backup, pages)
      const total: number = exports['sqlite3_backup_pagecount'](backup)
      onProgress?.(total - exports['sqlite3_backup_remaining'](backup), total)
      if (code === constants.SQLITE_OK) await turn()
    } while (code === constants.SQLITE_OK)
  } finally {
    exports['sqlite3_backup_finish'](backup)
  }
  if (code !== constants.SQLITE_DONE) toss(code, 'the copy failed; try again when no transaction is open')
}

/** Lets whatever waits have its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
