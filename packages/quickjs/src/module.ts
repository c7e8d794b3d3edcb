import { supportsOpfs } from 'tarbox-device'
import { TarboxFs } from '../../tarbox/src/index.js'
import { type OpenOptions, shipped } from '../../tarbox/src/options.js'
import { type EvalOptions, type Limits, QuickJSVM } from './vm.js'

export { supportsOpfs }

/** Options for a module. */
export interface ModuleOptions extends Pick<OpenOptions, 'name' | 'path' | 'storage' | 'durability' | 'worker'> {
  /** The URL of `quickjs.wasm`, if it is not next to this file. */
  wasm?: string | URL
}

/**
 * A module with a workspace in it: all tabs of a site that name the same one share it, and it is the one that the package `tarbox`
 * opens by that name. Where the browser has no OPFS it is kept in IndexedDB; `storage` says where it is.
 */
export class QuickJSWASMModule {
  #vm: Promise<QuickJSVM> | undefined
  /** Where the workspace is in scripts. */
  #mountPoint = '/'

  /** @internal */
  constructor(
    /** The files, with everything else that a workspace has: layers, the audit log, changes that are watched. */
    readonly workspace: TarboxFs,
  ) {}

  /** Where the workspace is actually stored. */
  get storage(): TarboxFs['storage'] {
    return this.workspace.storage
  }

  /** @internal */
  get mountPoint(): string {
    return this.#mountPoint
  }

  /** @internal */
  async mountAt(mountPoint: string): Promise<void> {
    const before = this.#vm
    this.#mountPoint = mountPoint
    this.#vm = undefined
    await (await before)?.dispose()
  }

  /** An engine of its own, with these limits. Its `fs` sees the workspace at the mount point, and an empty `/tmp`. */
  newVM(limits: Limits = {}): Promise<QuickJSVM> {
    return QuickJSVM.create(this.workspace, this.#mountPoint, limits)
  }

  /**
   * Runs code in an engine that is made when this is first called, and made anew after a limit has ended it. Comes to the value
   * of the last expression, awaited, as JSON has it.
   */
  async evalCode(code: string, options?: EvalOptions): Promise<unknown> {
    if (this.#vm && (await this.#vm.catch(() => undefined))?.ended !== false) this.#vm = undefined
    this.#vm ??= this.newVM()
    return (await this.#vm).evalCode(code, options)
  }

  /** Ends the engine, and closes the workspace once everything is on the device. */
  async dispose(): Promise<void> {
    const vm = await this.#vm?.catch(() => undefined)
    this.#vm = undefined
    await vm?.dispose()
    await this.workspace.close()
  }
}

/** Loads the module, and opens the workspace in it. */
export async function newQuickJSWASMModuleWithWasmFS(options: ModuleOptions = {}): Promise<QuickJSWASMModule> {
  const wasm = options.wasm ?? shipped('./quickjs.wasm')
  return new QuickJSWASMModule(await TarboxFs.open({ ...options, wasm }))
}
