import { extension } from '../paths.js'
import { el, fill } from '../ui/dom.js'
import { bytes } from '../ui/format.js'
import type { Workspace } from '../workspace.js'
import { FileDoc } from './file-doc.js'

const TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
}

/** What kind of picture a name promises. */
export function pictureType(path: string): string | undefined {
  return Object.hasOwn(TYPES, extension(path)) ? TYPES[extension(path)] : undefined
}

/** A picture. It is shown as one, so a script in it does not run. */
export class ImageDoc extends FileDoc {
  readonly icon = 'image' as const
  readonly #place = el('div', { class: 'picture' })
  #size = 0
  #dimensions = ''
  #url = ''

  private constructor(
    workspace: Workspace,
    path: string,
    readonly type: string,
  ) {
    super(workspace, path, 'image')
    this.frame.body.append(this.#place)
  }

  static async open(workspace: Workspace, path: string, type: string): Promise<ImageDoc> {
    const doc = new ImageDoc(workspace, path, type)
    await doc.refresh()
    return doc
  }

  focus(): void {}

  status(): string {
    return [this.#dimensions, bytes(this.#size)].filter(Boolean).join(' · ')
  }

  async refresh(): Promise<void> {
    const content = await this.workspace.fs.readFile(this.path)
    this.#size = content.length
    URL.revokeObjectURL(this.#url)
    this.#url = URL.createObjectURL(new Blob([content], { type: this.type }))
    const image = el('img', { alt: `The picture ${this.title}` })
    image.onload = () => {
      this.#dimensions = `${image.naturalWidth} × ${image.naturalHeight}`
      this.frame.notice(undefined)
      this.updated.tell()
    }
    image.onerror = () =>
      this.frame.notice('This picture is damaged, or in a format that this browser does not support.')
    image.src = this.#url
    fill(this.#place, image)
  }

  close(): void {
    URL.revokeObjectURL(this.#url)
  }
}
