import { el } from './dom.js'

interface Options<T> {
  /** What a row is, however often it is drawn again. */
  key: (item: T) => string
  /** Makes a row. */
  make: (item: T) => HTMLElement
  /** Brings a row up to date. */
  update?: (row: HTMLElement, item: T, index: number) => void
  height: () => number
  /** A row that stays even where it cannot be seen. */
  keep?: () => number
  /** What stays at the top, in pixels. */
  inset?: number
}

/** Rows beyond the edge that are there already. */
const SPARE = 8

/** A list of any length, of which only what can be seen exists. Rows are of one height. */
export class VirtualList<T> {
  readonly #inner = el('div', { class: 'rows', role: 'presentation' })
  #items: readonly T[] = []
  readonly #rows = new Map<string, HTMLElement>()
  #frame = 0

  constructor(
    readonly scroller: HTMLElement,
    private readonly options: Options<T>,
  ) {
    scroller.append(this.#inner)
    scroller.addEventListener('scroll', () => this.#soon(), { passive: true })
    new ResizeObserver(() => this.#soon()).observe(scroller)
  }

  set items(items: readonly T[]) {
    this.#items = items
    this.draw()
  }

  get items(): readonly T[] {
    return this.#items
  }

  row(key: string): HTMLElement | undefined {
    return this.#rows.get(key)
  }

  /** How many rows fit. */
  get page(): number {
    return Math.max(1, Math.floor(this.scroller.clientHeight / this.options.height()) - 1)
  }

  reveal(index: number): void {
    const height = this.options.height()
    const top = index * height
    const { scrollTop } = this.scroller
    const clientHeight = this.scroller.clientHeight - (this.options.inset ?? 0)
    if (top < scrollTop) this.scroller.scrollTop = top
    else if (top + height > scrollTop + clientHeight) this.scroller.scrollTop = top + height - clientHeight
    this.draw()
  }

  #soon(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0
      this.draw()
    })
  }

  draw(): void {
    const { key, make, update, keep } = this.options
    const height = this.options.height()
    this.#inner.style.height = `${this.#items.length * height}px`
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / height) - SPARE)
    const last = Math.min(
      this.#items.length,
      Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / height) + SPARE,
    )
    const wanted = new Set<number>()
    for (let at = first; at < last; at++) wanted.add(at)
    const kept = keep?.() ?? -1
    if (kept >= 0 && kept < this.#items.length) wanted.add(kept)
    const gone = new Set(this.#rows.keys())
    let before: Element | null = null
    for (const at of [...wanted].sort((one, other) => one - other)) {
      const item = this.#items[at]!
      const name = key(item)
      gone.delete(name)
      let row = this.#rows.get(name)
      if (!row) {
        row = make(item)
        this.#rows.set(name, row)
      }
      update?.(row, item, at)
      row.style.transform = `translateY(${at * height}px)`
      const next: Element | null = before ? before.nextElementSibling : this.#inner.firstElementChild
      if (next !== row) this.#inner.insertBefore(row, next)
      before = row
    }
    for (const name of gone) {
      this.#rows.get(name)!.remove()
      this.#rows.delete(name)
    }
  }
}
