import { fileIcon } from '../files/icon-of.js'
import { attempt } from '../problems.js'
import { button } from '../ui/controls.js'
import { el } from '../ui/dom.js'
import { bytes } from '../ui/format.js'
import { VirtualList } from '../ui/virtual.js'
import type { Workspace } from '../workspace.js'
import { FileDoc } from './file-doc.js'

const ROW = 16
/** Bytes read at once. */
const BLOCK = 1 << 16
/** Blocks kept. */
const KEPT = 64
/** Bytes that one scroll bar spans: browsers make nothing taller than some millions of pixels. */
const PART = 8 << 20

/** The bytes of a file. Only what can be seen is read, however large it is. */
export class HexDoc extends FileDoc {
  override readonly icon
  readonly #list: VirtualList<number>
  readonly #rows = el('div', { class: 'hex', tabindex: 0, role: 'region', 'aria-label': 'Bytes of the file' })
  readonly #blocks = new Map<number, Uint8Array | undefined>()
  readonly #part = el('span', {})
  #size = 0
  #from = 0

  private constructor(workspace: Workspace, path: string) {
    super(workspace, path, 'bytes')
    this.icon = fileIcon(this.title)
    this.frame.body.append(this.#rows)
    this.#list = new VirtualList<number>(this.#rows, {
      key: String,
      make: () =>
        el(
          'div',
          { class: 'hexrow' },
          el('span', { class: 'at' }),
          el('span', { class: 'octets' }),
          el('span', { class: 'letters' }),
        ),
      update: (row, at) => this.#fill(row, at),
      height: () => 22,
    })
    const go = el('input', {
      type: 'text',
      placeholder: 'Go to 0x…',
      'aria-label': 'Go to an offset',
      spellcheck: 'false',
      class: 'goto',
    })
    go.addEventListener('keydown', (event) => event.key === 'Enter' && this.#go(Number(go.value)))
    this.frame.tools.append(
      this.#part,
      button('', () => this.#show(this.#from - PART), { icon: 'chevron', label: 'Previous part', kind: 'quiet' }),
      button('', () => this.#show(this.#from + PART), { icon: 'chevron', label: 'Next part', kind: 'quiet' }),
      go,
    )
    this.frame.tools.classList.add('parts')
  }

  static async open(workspace: Workspace, path: string): Promise<HexDoc> {
    const doc = new HexDoc(workspace, path)
    await doc.refresh()
    return doc
  }

  focus(): void {
    this.#rows.focus({ preventScroll: true })
  }

  status(): string {
    return `${bytes(this.#size)} (${this.#size.toLocaleString('en')} bytes)`
  }

  async refresh(): Promise<void> {
    this.#size = (await this.workspace.fs.stat(this.path)).size
    this.#blocks.clear()
    this.#show(this.#from)
    this.updated.tell()
  }

  close(): void {
    this.#blocks.clear()
  }

  #show(from: number): void {
    const last = Math.max(0, Math.floor((this.#size - 1) / PART) * PART)
    this.#from = Math.max(0, Math.min(last, from))
    const to = Math.min(this.#size, this.#from + PART)
    this.#part.textContent = this.#size > PART ? `${bytes(this.#from)} to ${bytes(to)}` : ''
    this.frame.tools.classList.toggle('many', this.#size > PART)
    this.#list.items = Array.from({ length: Math.ceil((to - this.#from) / ROW) }, (_, at) => this.#from + at * ROW)
  }

  #go(position: number): void {
    if (!Number.isInteger(position) || position < 0 || position >= this.#size) {
      return this.frame.notice(`Type an offset between 0 and ${this.#size - 1}, such as 4096 or 0x1000.`)
    }
    this.frame.notice(undefined)
    this.#show(Math.floor(position / PART) * PART)
    this.#list.reveal(Math.floor((position - this.#from) / ROW))
  }

  #fill(row: HTMLElement, at: number): void {
    const [place, octets, letters] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement]
    place.textContent = at.toString(16).padStart(8, '0')
    const block = this.#block(at)
    if (!block) {
      octets.textContent = '…'
      return
    }
    const piece = block.subarray(at % BLOCK, (at % BLOCK) + ROW)
    octets.textContent = Array.from(
      piece,
      (byte, index) => byte.toString(16).padStart(2, '0') + (index === 7 ? ' ' : ''),
    ).join(' ')
    letters.textContent = Array.from(piece, (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·',
    ).join('')
  }

  #block(at: number): Uint8Array | undefined {
    const from = Math.floor(at / BLOCK) * BLOCK
    if (this.#blocks.has(from)) return this.#blocks.get(from)
    this.#blocks.set(from, undefined)
    if (this.#blocks.size > KEPT) this.#blocks.delete(this.#blocks.keys().next().value!)
    void attempt('The file could not be read', async () => {
      this.#blocks.set(from, await this.workspace.fs.readFile(this.path, { offset: from, length: BLOCK }))
      this.#list.draw()
    })
    return undefined
  }
}
