/// The panel about the server: how it stands, what to decide, and what can be done.
import { isUntouchedSample, removeSample } from '../sample/sample.js'
import { attempt } from '../problems.js'
import { button } from '../ui/controls.js'
import { confirm } from '../ui/dialog.js'
import { type Child, el, fill, set } from '../ui/dom.js'
import { bytes, clock, count, when } from '../ui/format.js'
import { icon } from '../ui/icons.js'
import { problem, toast } from '../ui/toast.js'
import type { Workspace } from '../workspace.js'
import { type Connection, connect, disconnect } from './connection.js'
import { askForConnection } from './dialog.js'
import { glance, type Standing } from './standing.js'

/** Lines of the log that are shown. */
const LINES = 50

interface Does {
  /** Opens both contents of a conflict, which is named by that of this device. */
  compare: (copy: string) => void
  /** Writes what is typed and not saved yet. */
  saveAll: () => Promise<boolean>
}

export class SyncPanel {
  readonly element = el('div', { class: 'sync' })
  readonly #parts = {
    head: el('div', { role: 'presentation' }),
    conflicts: el('section', {}),
    refused: el('section', {}),
    log: el('section', {}),
  }
  /** How it stands, and what to do about that. */
  readonly #now = el(
    'section',
    { class: 'now' },
    this.#parts.head,
    el(
      'div',
      { class: 'buttons' },
      button('Sync now', () => void this.#sync(), { icon: 'sync' }),
    ),
  )
  readonly #drawn = new Map<HTMLElement, string>()
  #timer = 0

  constructor(
    private readonly workspace: Workspace,
    private readonly standing: Standing | undefined,
    private readonly does: Does,
  ) {
    const { connection } = workspace
    if (!connection || !standing) {
      fill(this.element, ...this.#invitation())
      return
    }
    const { conflicts, refused, log } = this.#parts
    fill(this.element, this.#now, conflicts, refused, this.#server(connection), log)
    standing.changed.listen(() => this.#draw())
    this.#draw()
  }

  show(): void {
    // The words for how long ago something was grow old.
    this.#timer = window.setInterval(() => document.hidden || this.#draw(), 1_000)
    this.#draw()
  }

  hide(): void {
    clearInterval(this.#timer)
  }

  #invitation(): Child[] {
    return [
      el(
        'section',
        {},
        icon('cloud', 32),
        el('h2', { class: 'large' }, 'On several devices, and with others'),
        el(
          'p',
          {},
          'Keep this workspace in step with a Tarbox server. It stays complete on this device and works without a network. Whenever the server can be reached, both get what the other has.',
        ),
        el('p', {}, 'Of what was changed on both sides, both contents are kept until you choose.'),
        // Its files would not outlive that the page begins anew.
        this.workspace.fs.storage === 'memory'
          ? el('p', { class: 'note' }, 'This workspace is in memory only, and cannot be connected.')
          : el(
              'div',
              { class: 'buttons' },
              button('Connect to a server…', () => this.connect(), { icon: 'cloud', kind: 'primary' }),
            ),
      ),
    ]
  }

  #server({ url }: Connection): HTMLElement {
    return el(
      'section',
      {},
      el('h2', {}, 'Server'),
      el('p', { class: 'address' }, url),
      el(
        'div',
        { class: 'buttons' },
        button('Another key…', () => this.#change(), { icon: 'key' }),
        button('Disconnect…', () => this.#disconnect(), { icon: 'close' }),
      ),
    )
  }

  /** Draws a part if it is not what is there: somebody may be about to click on it. */
  #put(part: HTMLElement, what: unknown, ...children: Child[]): void {
    const now = JSON.stringify(what)
    if (this.#drawn.get(part) === now) return
    this.#drawn.set(part, now)
    const at = part.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset['key']
      : undefined
    fill(part, ...children)
    part.hidden = children.length === 0
    if (at !== undefined) part.querySelector<HTMLElement>(`[data-key="${CSS.escape(at)}"]`)?.focus()
  }

  #draw(): void {
    if (!this.standing) return
    const { status } = this.standing
    const { head, conflicts, refused, log } = this.#parts
    const seen = glance(status)
    const wait = status.retry === undefined ? 0 : Math.max(0, Math.ceil((status.retry - Date.now()) / 1000))
    const { bytes: all = 0, copied = 0 } = status.progress ?? {}
    set(this.#now, 'data-kind', seen.kind)
    this.#put(
      head,
      [seen, wait, all, copied],
      el('h2', { class: 'large' }, icon(seen.icon, 18), seen.text),
      el('p', {}, seen.more),
      wait > 0 && el('p', { class: 'note' }, `Tried again in ${count(wait, 'second')}.`),
      all > 0 && progressOf(copied, all),
    )
    const disputed = status.conflicts.map(({ path, copy }) => ({ path, copy }))
    this.#put(
      conflicts,
      disputed,
      ...(disputed.length === 0
        ? []
        : [el('h2', {}, 'To decide'), el('ul', { class: 'paths' }, ...disputed.map((one) => this.#conflict(one)))]),
    )
    const left = Object.entries(status.refused)
    this.#put(
      refused,
      left,
      ...(left.length === 0
        ? []
        : [
            el('h2', {}, 'Not taken'),
            el(
              'ul',
              { class: 'paths' },
              ...left.map(([path, why]) =>
                el('li', {}, el('span', { class: 'path' }, path), el('span', { class: 'why' }, why)),
              ),
            ),
          ]),
    )
    const lines = status.log.slice(-LINES).reverse()
    this.#put(
      log,
      lines,
      ...(lines.length === 0
        ? []
        : [
            el('h2', {}, 'What happened'),
            el(
              'ol',
              { class: 'happenings' },
              ...lines.map(({ time, what }) =>
                el(
                  'li',
                  {},
                  el('time', { datetime: new Date(time).toISOString(), title: when(time) }, clock(time)),
                  el('span', {}, what),
                ),
              ),
            ),
          ]),
    )
  }

  #conflict({ path, copy }: { path: string; copy: string }): HTMLElement {
    const compare = button(path, () => this.does.compare(copy), {
      icon: 'compare',
      label: `Compare both contents of ${path}, and choose`,
      kind: 'quiet',
    })
    compare.dataset['key'] = copy
    return el('li', {}, compare)
  }

  async #sync(): Promise<void> {
    // Without a network it would never return, and the state says so.
    const { state } = this.standing!.status
    const done = await attempt('It could not be synced', () => this.workspace.fs.synced().then(() => true))
    if (done && state !== 'offline') toast('This device and the server have the same.')
  }

  async connect(): Promise<void> {
    const isSample = await isUntouchedSample(this.workspace)
    const note = isSample
      ? 'What the server has will be here. The sample project, which you have not changed, is removed.'
      : 'Both sides get what the other has. Where names are the same and contents are not, both are kept.'
    const wanted = await askForConnection('Connect to a server', {}, note)
    if (!wanted || !(await this.does.saveAll())) return
    if (isSample && (await isUntouchedSample(this.workspace)))
      if (
        !(await attempt('The sample project could not be removed', () => removeSample(this.workspace).then(() => true)))
      )
        return
    this.#begin(wanted)
  }

  async #change(): Promise<void> {
    const { url } = this.workspace.connection!
    const wanted = await askForConnection('Use another key', { url }, 'The files of this workspace stay as they are.')
    if (wanted && (await this.does.saveAll())) this.#begin(wanted)
  }

  #begin(wanted: Connection): void {
    if (connect(this.workspace.name, wanted)) return this.workspace.beginAnew()
    problem(
      'This browser keeps nothing for this page, so that it cannot stay connected. Allow the site to store data, and try again.',
    )
  }

  async #disconnect(): Promise<void> {
    const { ahead } = this.standing!.status
    const unsent = ahead === 0 ? '' : ' What was not sent yet stays on this device alone.'
    const text = `The files stay here and at the server, and are no longer brought in step. The key is forgotten.${unsent}`
    if (!(await confirm('Disconnect from the server?', text, 'Disconnect')) || !(await this.does.saveAll())) return
    disconnect(this.workspace.name)
    this.workspace.beginAnew()
  }
}

function progressOf(copied: number, all: number): HTMLElement {
  const done = Math.min(copied, all)
  return el('progress', { max: all, value: done, 'aria-label': 'Copied', title: `${bytes(done)} of ${bytes(all)}` })
}
