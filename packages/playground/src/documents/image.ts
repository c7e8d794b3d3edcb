import { base } from '../paths.js'
import { el, fill } from '../ui/dom.js'
import { bytes } from '../ui/format.js'
import { Signal } from '../ui/signal.js'
import type { Workspace } from '../workspace.js'
import type { Doc } from './document.js'
import { Frame } from './frame.js'

/** A picture. It is shown as one, so a script in it does not run. */
export class ImageDoc implements Doc {
  readonly updated = new Signal()
  readonly dirty = false
  readonly icon = 'image' as const
  readonly #frame: Frame
  readonly #place = el('div', { class: 'picture' })
  #path: string
  #size = 0
  #dimensions = ''
  #url = ''

  private constructor(
    readonly workspace: Workspace,
    path: string,
    readonly type: string,
  ) {
    this.#path = path
    this.#frame = new Frame('image', this.#place)
    this.#frame.path = path
  }

  static async open(workspace: Workspace, path: string, type: string): Promise<ImageDoc> {
    const doc = new ImageDoc(workspace, path, type)
    await doc.refresh()
    return doc
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
    return this.#frame.element
  }

  focus(): void {}

  status(): string {
    return [this.#dimensions, bytes(this.#size)].filter(Boolean).join(' · ')
  }

  async refresh(): Promise<void> {
    const content = await this.workspace.fs.readFile(this.#path)
    this.#size = content.length
    URL.revokeObjectURL(this.#url)
    this.#url = URL.createObjectURL(new Blob([content], { type: this.type }))
    const image = el('img', { alt: `The picture ${this.title}` })
    image.onload = () => {
      this.#dimensions = `${image.naturalWidth} × ${image.naturalHeight}`
      this.updated.tell()
    }
    image.onerror = () => this.#frame.notice('This picture is damaged, or of a kind that this browser does not know.')
    image.src = this.#url
    fill(this.#place, image)
  }

  moved(path: string): void {
    this.#path = path
    this.#frame.path = path
    this.updated.tell()
  }

  close(): void {
    URL.revokeObjectURL(this.#url)
  }
}
