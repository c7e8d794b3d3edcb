import { el, fill, set } from '../ui/dom.js'
import { bytes } from '../ui/format.js'
import { tell } from '../ui/dialog.js'
import { VirtualList } from '../ui/virtual.js'
import type { Result, Value } from './protocol.js'

/** Rows whose contents decide how wide a column is. */
const MEASURED = 200
/** Characters of a value that are shown in its cell. */
const SHOWN = 300

/** Rows of a result, of which only what can be seen exists. Arrows go from cell to cell, Enter shows one whole. */
export class Grid {
  readonly element = el('div', { class: 'grid', role: 'grid', tabindex: 0, 'aria-label': 'Result' })
  readonly #head = el('div', { class: 'headings', role: 'row' })
  readonly #list: VirtualList<{ row: Value[]; at: number }>
  #columns: string[] = []
  #rows: Value[][] = []
  #at = { row: 0, column: 0 }
  #number = 0

  constructor() {
    this.element.append(this.#head)
    this.#list = new VirtualList<{ row: Value[]; at: number }>(this.element, {
      key: ({ at }) => `${this.#number} ${at}`,
      make: ({ row, at }) => this.#row(row, at),
      update: (element, { at }) =>
        element
          .querySelectorAll('.cell')
          .forEach((cell, column) =>
            cell.classList.toggle('active', at === this.#at.row && column === this.#at.column),
          ),
      height: () => 28,
      keep: () => this.#at.row,
      inset: 28,
    })
    this.element.addEventListener('keydown', (event) => this.#key(event))
    this.element.addEventListener('click', (event) => this.#click(event))
    this.element.addEventListener('dblclick', (event) => {
      this.#click(event)
      this.#whole()
    })
  }

  show({ columns, rows }: Result): void {
    this.#number += 1
    this.#columns = columns
    this.#rows = rows
    this.#at = { row: 0, column: 0 }
    this.element.style.setProperty(
      '--columns',
      widths(columns, rows)
        .map((width) => `${width}ch`)
        .join(' '),
    )
    fill(
      this.#head,
      ...columns.map((name, at) =>
        el('div', { class: 'heading', role: 'columnheader', 'aria-colindex': at + 1, title: name }, name),
      ),
    )
    set(this.element, 'aria-rowcount', rows.length + 1)
    set(this.element, 'aria-colcount', columns.length)
    this.element.scrollTop = 0
    this.element.scrollLeft = 0
    this.#list.items = rows.map((row, at) => ({ row, at }))
  }

  #row(row: Value[], at: number): HTMLElement {
    return el(
      'div',
      { class: 'line', role: 'row', 'aria-rowindex': at + 2 },
      ...row.map((value, column) => {
        const cell = el(
          'div',
          {
            class: `cell ${kind(value)}`,
            role: 'gridcell',
            'aria-colindex': column + 1,
            id: `cell-${this.#number}-${at}-${column}`,
          },
          shown(value),
        )
        cell.dataset['at'] = `${at} ${column}`
        return cell
      }),
    )
  }

  #click(event: MouseEvent): void {
    const at = (event.target as Element).closest<HTMLElement>('.cell')?.dataset['at']?.split(' ').map(Number)
    if (at) this.#go(at[0]!, at[1]!)
  }

  #key(event: KeyboardEvent): void {
    const { row, column } = this.#at
    const to = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      PageDown: [row + this.#list.page, column],
      PageUp: [row - this.#list.page, column],
      Home: [row, 0],
      End: [row, this.#columns.length - 1],
    }[event.key]
    if (event.key === 'Enter') this.#whole()
    else if (!to) return
    else this.#go(to[0]!, to[1]!)
    event.preventDefault()
  }

  #go(row: number, column: number): void {
    this.#at = {
      row: Math.max(0, Math.min(this.#rows.length - 1, row)),
      column: Math.max(0, Math.min(this.#columns.length - 1, column)),
    }
    this.#list.reveal(this.#at.row)
    const cell = this.element.querySelector<HTMLElement>('.cell.active')
    cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    set(this.element, 'aria-activedescendant', cell?.id)
  }

  /** A value in full. */
  #whole(): void {
    const { row, column } = this.#at
    const value = this.#rows[row]?.[column]
    if (value === undefined) return
    void tell(this.#columns[column]!, [
      el(
        'pre',
        { tabindex: 0 },
        value instanceof Uint8Array ? hex(value.subarray(0, 4096)) : value === null ? 'NULL' : String(value),
      ),
    ])
  }
}

function kind(value: Value): string {
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return 'blob'
  return typeof value === 'string' ? 'text' : 'number'
}

function shown(value: Value): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array) return `${bytes(value.length)} ${hex(value.subarray(0, 16))}`
  return typeof value === 'string' ? value.slice(0, SHOWN) : String(value)
}

function hex(value: Uint8Array): string {
  return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function widths(columns: string[], rows: Value[][]): number[] {
  return columns.map((name, at) => {
    let most = name.length + 1
    for (const row of rows.slice(0, MEASURED)) most = Math.max(most, shown(row[at] ?? null).length)
    return Math.max(6, Math.min(44, most)) + 4
  })
}

/** A result as CSV (RFC 4180); bytes are in hexadecimal, nothing is empty. */
export function csv({ columns, rows }: Result): Blob {
  const cell = (value: Value) => {
    const text = value === null ? '' : value instanceof Uint8Array ? hex(value).replaceAll(' ', '') : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const lines = [columns, ...rows].map((row) => row.map(cell).join(',') + '\r\n')
  return new Blob(lines, { type: 'text/csv' })
}
