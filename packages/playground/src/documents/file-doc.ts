import { base } from '../paths.js'
import type { IconName } from '../ui/icons.js'
import { Signal } from '../ui/signal.js'
import type { Workspace } from '../workspace.js'
import type { Doc } from './document.js'
import { Frame } from './frame.js'

/** A document that shows one file: what every form of it has in common, wherever the file is moved to. */
export abstract class FileDoc implements Doc {
  readonly updated = new Signal()
  abstract readonly icon: IconName
  protected readonly frame: Frame
  #path: string

  protected constructor(
    readonly workspace: Workspace,
    path: string,
    kind: string,
  ) {
    this.#path = path
    this.frame = new Frame(kind)
    this.frame.path = path
  }

  get key(): string {
    return this.#path
  }

  get path(): string {
    return this.#path
  }

  get title(): string {
    return base(this.#path)
  }

  get element(): HTMLElement {
    return this.frame.element
  }

  get dirty(): boolean {
    return false
  }

  moved(path: string): void {
    this.#path = path
    this.frame.path = path
    this.updated.tell()
  }

  abstract focus(): void
  abstract status(): string
  abstract close(): void
}
