import { TarboxError } from '../../tarbox/src/errors.js'
import type { Stats } from '../../tarbox/src/stats.js'
import type { QuickJSWASMModule } from './module.js'

/** Where the files of the workspace are in scripts. */
export interface MountOptions {
  /** An absolute path, such as `/opfs`. */
  mountPoint: string
}

/** The files of a module, from outside: by the same paths by which scripts find them. */
export class WasmFS {
  constructor(readonly module: QuickJSWASMModule) {}

  /** Gives scripts the workspace at this path. What runs on another is ended. */
  async mount({ mountPoint }: MountOptions): Promise<void> {
    if (!mountPoint.startsWith('/') || mountPoint.split('/').some((name) => name === '.' || name === '..'))
      throw new TarboxError('EINVAL', `A mount point is an absolute path, and not '${mountPoint}'.`)
    await this.module.mountAt(mountPoint.replace(/\/+$/, '') || '/')
  }

  /** The path in the workspace. */
  #inside(path: string): string {
    const { mountPoint } = this.module
    if (mountPoint === '/') return path
    if (path === mountPoint) return '/'
    if (path.startsWith(`${mountPoint}/`)) return path.slice(mountPoint.length)
    throw new TarboxError('ENOENT', `'${path}' is not below ${mountPoint}`, { path })
  }

  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>
  readFile(path: string, encoding: 'utf8'): Promise<string>
  async readFile(path: string, encoding?: 'utf8'): Promise<string | Uint8Array<ArrayBuffer>> {
    const { workspace } = this.module
    return encoding ? workspace.readFile(this.#inside(path), encoding) : workspace.readFile(this.#inside(path))
  }

  async writeFile(path: string, data: string | Uint8Array): Promise<void> {
    await this.module.workspace.writeFile(this.#inside(path), data)
  }

  async stat(path: string): Promise<Stats> {
    return this.module.workspace.stat(this.#inside(path))
  }

  /** The names in a directory, sorted. */
  async readdir(path: string): Promise<string[]> {
    return (await this.module.workspace.listDirectory(this.#inside(path))).map((entry) => entry.name)
  }

  async mkdir(path: string, options: { recursive?: boolean } = {}): Promise<void> {
    await this.module.workspace.mkdir(this.#inside(path), options)
  }

  async unlink(path: string): Promise<void> {
    await this.module.workspace.rm(this.#inside(path))
  }

  async rmdir(path: string): Promise<void> {
    await this.module.workspace.rmdir(this.#inside(path))
  }
}
