/** The database that a workspace is in where there are no handles. */
export function databaseOf(name: string): string {
  return `tarbox-${name}`
}

/** Where the files of a workspace are among the private files. */
export function directoryOf(name: string): string {
  return `.tarbox/${name}`
}

/** Opens a directory among the private files, or makes it. */
export async function privateDirectory(path: string): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory()
  for (const part of path.split('/')) directory = await directory.getDirectoryHandle(part, { create: true })
  return directory
}
