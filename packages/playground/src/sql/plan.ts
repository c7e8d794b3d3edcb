import { el } from '../ui/dom.js'
import type { Result } from './protocol.js'

/** What `EXPLAIN QUERY PLAN` says of a statement, as lists in lists: its steps hang on each other by number. */
export function plan({ rows, sql }: Result): HTMLElement {
  const top = el('ul', {})
  const lists = new Map<unknown, HTMLElement>([[0, top]])
  for (const [id, above, , detail] of rows) {
    const list = el('ul', {})
    lists.set(id, list)
    const scan = /^SCAN/.test(String(detail))
    const step = el(
      'span',
      { class: scan ? 'scan' : '', title: scan ? 'Every row is read. An index may help.' : null },
      String(detail),
    )
    ;(lists.get(above) ?? top).append(el('li', {}, step, list))
  }
  return el('section', {}, el('code', {}, sql.replace(/^EXPLAIN QUERY PLAN /, '')), top)
}
