/// What can be brought in: files that were chosen, and files and folders that were dropped.

/** A file to bring in, and where it was among the others. */
export interface Source {
  /** Relative, with slashes. */
  path: string
  file: File
}

/** Files that were chosen, with the folder they were in. */
export function chosen(files: FileList): Source[] {
  return Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }))
}

/**
 * Files and folders that were dropped, folders read as they are reached. Call it in the event: what was dropped is
 * gone afterwards.
 */
export function dropped(transfer: DataTransfer): AsyncGenerator<Source> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null).filter(
    (entry) => entry !== null,
  )
  const files = entries.length > 0 ? [] : Array.from(transfer.files)
  return walk(entries, files)
}

async function* walk(entries: FileSystemEntry[], files: File[]): AsyncGenerator<Source> {
  for (const file of files) yield { path: file.name, file }
  const waiting = entries.reverse()
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    const path = entry.fullPath.replace(/^\/+/, '')
    if (entry.isFile) yield { path, file: await fileOf(entry as FileSystemFileEntry) }
    else waiting.push(...(await inside(entry as FileSystemDirectoryEntry)).reverse())
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject))
}

/** A reader gives some at a time, and nothing at the end. */
async function inside(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    all.push(...some)
  }
}
