import { button } from '../ui/controls.js'
import { el, fill } from '../ui/dom.js'
import { count } from '../ui/format.js'
import { icon } from '../ui/icons.js'
import type { Table } from './protocol.js'

/** The tables of a database, with what is in each. */
export class Schema {
  readonly element = el('div', { class: 'schema' })

  constructor(private readonly look: (table: Table) => void) {}

  /** Shows these; those that were open stay open. */
  show(tables: Table[]): void {
    const open = new Set(
      Array.from(this.element.querySelectorAll<HTMLElement>('details[open]'), (one) => one.dataset['table']),
    )
    fill(
      this.element,
      el('h2', {}, heading(tables)),
      ...tables.map((table) => this.#table(table, open.has(table.name))),
    )
  }

  #table(table: Table, open: boolean): HTMLElement {
    const columns = table.columns.map(({ name, type, key }) =>
      el('li', {}, el('span', { class: key ? 'key' : '' }, name), el('small', {}, type.toLowerCase())),
    )
    const indexes = table.indexes.map((name) =>
      el('li', { class: 'index' }, el('span', {}, name), el('small', {}, 'index')),
    )
    const name = el(
      'summary',
      {},
      icon('chevron', 11),
      el('span', { class: 'name' }, table.name),
      table.type === 'view' ? el('small', {}, 'view') : null,
    )
    const details = el('details', { open, 'data-table': table.name }, name, el('ul', {}, ...columns, ...indexes))
    return el(
      'div',
      { class: 'table' },
      details,
      button('', () => this.look(table), { icon: 'play', label: `Show the rows of ${table.name}`, kind: 'quiet' }),
    )
  }
}

/** The beginning of what is in a table. */
export function selectAll({ name }: Table): string {
  const quoted = /^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`
  return `SELECT * FROM ${quoted} LIMIT 100;`
}

function heading(tables: Table[]): string {
  const views = tables.filter(({ type }) => type === 'view').length
  return `${count(tables.length - views, 'table')}${views > 0 ? `, ${count(views, 'view')}` : ''}`
}
