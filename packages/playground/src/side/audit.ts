import type { AuditQuery, AuditRecord } from 'tarbox'
import { attempt } from '../problems.js'
import { button } from '../ui/controls.js'
import { el, set } from '../ui/dom.js'
import { bytes, clock, when } from '../ui/format.js'
import { VirtualList } from '../ui/virtual.js'
import type { Workspace } from '../workspace.js'

/** Records fetched at once. */
const PAGE = 200
/** New records that are added to those that are shown; of more, only the latest are shown. */
const MOST = 1000
/** The height of a record, in pixels. */
const ROW = 46
const HOUR = 3_600_000

const OPERATIONS: [value: string, text: string][] = [
  ['', 'Everything'],
  ['create', 'Created'],
  ['write', 'Written'],
  ['rename', 'Moved'],
  ['unlink', 'Deleted'],
  ['mkdir', 'Folders created'],
  ['rmdir', 'Folders deleted'],
  ['checkpoint', 'Checkpoints'],
  ['switch', 'Switches'],
]

const TIMES: [value: string, text: string][] = [
  ['', 'Any time'],
  [String(HOUR), 'Last hour'],
  [String(24 * HOUR), 'Last day'],
  [String(7 * 24 * HOUR), 'Last week'],
]

const WORDS: Record<string, string> = {
  allocate: 'allocated',
  checkpoint: 'sealed',
  create: 'created',
  drop: 'dropped',
  link: 'linked',
  maintenance: 'maintained',
  mkdir: 'made',
  rename: 'moved',
  rmdir: 'deleted',
  setattr: 'attributes',
  squash: 'squashed',
  switch: 'switched',
  tag: 'tagged',
  tenant: 'workspace',
  truncate: 'cut',
  unlink: 'deleted',
  write: 'written',
  xattr: 'attributes',
}

/** Who did what and when, as it happens. */
export class AuditPanel {
  readonly element: HTMLElement
  readonly #rows = el('div', {
    class: 'records',
    role: 'list',
    tabindex: 0,
    'aria-label': 'Changes, newest first',
  })
  readonly #list: VirtualList<AuditRecord>
  readonly #path = el('input', {
    type: 'search',
    placeholder: 'Path, such as /notes',
    'aria-label': 'Only this path and everything below',
    spellcheck: 'false',
    autocomplete: 'off',
  })
  readonly #operation = select('Only this operation', OPERATIONS)
  readonly #time = select('Only since', TIMES)
  readonly #refused = el('input', { type: 'checkbox' })
  readonly #empty = el('p', { class: 'calm', hidden: true }, 'Nothing found. Change the filter, or change a file.')
  #records: AuditRecord[] = []
  #done = false
  #fetching = false
  #reading: Promise<void> = Promise.resolve()
  #shown = false

  constructor(
    readonly workspace: Workspace,
    open: (path: string) => void,
  ) {
    const filters = el(
      'div',
      { class: 'filters' },
      this.#path,
      this.#operation,
      this.#time,
      el('label', { class: 'check' }, this.#refused, 'only refused'),
    )
    this.element = el('div', { class: 'audit' }, filters, this.#rows, this.#empty)
    this.#list = new VirtualList<AuditRecord>(this.#rows, {
      key: ({ seq }) => String(seq),
      make: (record) => row(record, open),
      update: (element, _, at) => set(element, 'aria-posinset', at + 1),
      height: () => ROW,
    })
    let typing = 0
    this.#path.addEventListener('input', () => {
      clearTimeout(typing)
      typing = window.setTimeout(() => void this.#reload(), 200)
    })
    for (const control of [this.#operation, this.#time, this.#refused])
      control.addEventListener('change', () => void this.#reload())
    this.#rows.addEventListener('scroll', () => {
      if (this.#rows.scrollTop + this.#rows.clientHeight > this.#rows.scrollHeight - 600) void this.#older()
    })
    workspace.changed.listen(() => void this.#newer())
    workspace.history.listen(() => void this.#newer())
  }

  show(): void {
    this.#shown = true
    void this.#reload()
  }

  hide(): void {
    this.#shown = false
  }

  #query(): AuditQuery {
    const path = this.#path.value.trim().replace(/(.)\/+$/, '$1')
    const since = Number(this.#time.value)
    return {
      limit: PAGE,
      ...(path !== '' && { path: path.startsWith('/') ? path : `/${path}` }),
      ...(this.#operation.value !== '' && { operation: this.#operation.value }),
      ...(since > 0 && { since: Date.now() - since }),
      ...(this.#refused.checked && { refused: true }),
    }
  }

  /** Reads one thing after the other: each goes on from what the one before has found. */
  #read(act: () => Promise<void>): Promise<void> {
    const next = this.#reading.then(async () => {
      if (this.#shown) await attempt('The audit log could not be read', act)
    })
    this.#reading = next
    return next
  }

  #reload(): Promise<void> {
    return this.#read(() => this.#latest())
  }

  async #latest(): Promise<void> {
    const records = await this.workspace.fs.audit(this.#query())
    this.#done = records.length < PAGE
    this.#put(records)
    this.#rows.scrollTop = 0
  }

  #newer(): Promise<void> {
    return this.#read(async () => {
      const [first] = this.#records
      if (!first) return this.#latest()
      const records = await this.workspace.fs.audit({ ...this.#query(), after: first.seq, limit: MOST })
      if (records.length === MOST) return this.#latest()
      const newer = records.filter(({ seq }) => seq > first.seq)
      if (newer.length === 0) return
      const { scrollTop } = this.#rows
      this.#put([...newer, ...this.#records])
      // Who reads further down is not moved.
      if (scrollTop > 0) this.#rows.scrollTop = scrollTop + newer.length * ROW
    })
  }

  async #older(): Promise<void> {
    if (this.#fetching || this.#done) return
    this.#fetching = true
    await this.#read(async () => {
      const last = this.#records.at(-1)
      if (!last) return
      // Times are the only way back: those of the same moment come again, and are left out.
      const until = last.time / 1e6 + 1
      const again = this.#records.filter(({ time }) => time / 1e6 <= until).length
      const records = await this.workspace.fs.audit({ ...this.#query(), until, limit: PAGE + again })
      const older = records.filter(({ seq }) => seq < last.seq)
      this.#done = older.length === 0
      this.#put([...this.#records, ...older])
    })
    this.#fetching = false
  }

  #put(records: AuditRecord[]): void {
    this.#records = records
    this.#list.items = records
    this.#empty.hidden = records.length > 0
    this.#rows.hidden = records.length === 0
  }
}

function row(record: AuditRecord, open: (path: string) => void): HTMLElement {
  const ms = record.time / 1e6
  const { operation, path, from, errno } = record
  const word = errno === 0 ? (WORDS[operation] ?? operation) : 'refused'
  const isFile = ['create', 'write', 'truncate', 'rename', 'setattr'].includes(operation)
  const name = isFile ? button(path, () => open(path), { kind: 'quiet' }) : el('span', {}, path || '–')
  name.classList.add('path')
  name.title = from ? `${from} → ${path}` : path
  const facts = [
    record.bytes > 0 && operation === 'write' ? bytes(record.bytes) : '',
    from ? `from ${from}` : '',
    errno === 0 ? '' : `${operation}, error ${errno}`,
  ]
    .filter(Boolean)
    .join(' · ')
  return el(
    'div',
    { class: `record ${errno === 0 ? operation : 'refused'}`, role: 'listitem' },
    el('span', { class: 'what' }, word),
    name,
    el('time', { datetime: new Date(ms).toISOString(), title: when(ms) }, clock(ms)),
    el('span', { class: 'facts' }, facts || (record.agent === 'browser' ? '' : record.agent)),
  )
}

function select(label: string, options: [value: string, text: string][]): HTMLSelectElement {
  return el('select', { 'aria-label': label }, ...options.map(([value, text]) => el('option', { value }, text)))
}
