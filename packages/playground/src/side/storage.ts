import { attempt } from '../problems.js'
import { button } from '../ui/controls.js'
import { el, fill } from '../ui/dom.js'
import { bytes, count } from '../ui/format.js'
import { tell } from '../ui/dialog.js'
import { toast } from '../ui/toast.js'
import type { Workspace } from '../workspace.js'

const PLACES = {
  opfs: 'The private file system of this browser (OPFS)',
  indexeddb: 'IndexedDB, since this browser has no file handles for workers',
  server: 'The server that this page comes from',
  memory: 'The memory of this tab; it is lost when the tab is closed',
}

/** How much there is, where it is kept, and how to look after it. */
export class StoragePanel {
  readonly #figures = el('div', {})
  readonly #keep = button('Keep the data', () => this.#persist(), { icon: 'shield' })
  readonly #tools = el(
    'section',
    {},
    el('h2', {}, 'Maintenance'),
    el(
      'div',
      { class: 'buttons' },
      button('Check everything', () => this.#check(), {
        icon: 'check',
        label: 'Verify the hash of every block, and the inode of every entry',
      }),
      button('Collect garbage', () => this.#collect(), {
        icon: 'trash',
        label: 'Free space that no layer uses any more',
      }),
      button('Add the sample project', () => this.sample(), {
        icon: 'folderNew',
        label: 'Add the sample project in the folder /sample',
      }),
    ),
  )
  readonly element = el('div', { class: 'storage' })
  #drawn = ''
  #shown = false
  #timer = 0

  constructor(
    readonly workspace: Workspace,
    private readonly sample: () => Promise<void>,
  ) {
    const soon = () => {
      clearTimeout(this.#timer)
      this.#timer = window.setTimeout(() => void this.#draw(), 400)
    }
    workspace.changed.listen(soon)
    workspace.history.listen(soon)
  }

  show(): void {
    this.#shown = true
    void this.#draw()
  }

  hide(): void {
    this.#shown = false
  }

  async #draw(): Promise<void> {
    if (!this.#shown) return
    const { fs, name } = this.workspace
    await attempt('The usage could not be read', async () => {
      const usage = await fs.usage()
      const { site } = usage
      const part = site.quota > 0 ? site.usage / site.quota : 0
      // What is the same stays as it is: somebody may be about to click on it.
      const now = JSON.stringify(usage)
      if (now === this.#drawn) return
      this.#drawn = now
      const focused = document.activeElement === this.#keep
      fill(
        this.#figures,
        !this.workspace.isRemote &&
          el(
            'section',
            {},
            el('h2', {}, 'This site'),
            el(
              'div',
              {
                class: 'gauge',
                role: 'meter',
                'aria-label': 'Space in use',
                'aria-valuemin': 0,
                'aria-valuemax': 100,
                'aria-valuenow': Math.round(part * 100),
                'aria-valuetext': `${bytes(site.usage)} of ${bytes(site.quota)}`,
              },
              bar(part),
            ),
            el(
              'p',
              { class: 'figures' },
              el('strong', {}, bytes(site.usage)),
              ` of ${bytes(site.quota)} that the browser allows`,
            ),
            site.persisted
              ? el('p', { class: 'good' }, 'The browser keeps the data until you delete it.')
              : el(
                  'div',
                  {},
                  el(
                    'p',
                    {},
                    'When the device runs out of space, the browser may delete the data of sites. Ask it not to:',
                  ),
                  this.#keep,
                ),
          ),
        el(
          'section',
          {},
          el('h2', {}, 'This workspace'),
          el(
            'dl',
            {},
            ...pair('Name', name),
            ...pair('Stored in', PLACES[fs.storage as keyof typeof PLACES]),
            ...pair('Content', `${bytes(usage.bytes)}, identical content stored once`),
            ...pair('Files and folders', usage.inodes.toLocaleString('en')),
            ...pair('Layers', count(usage.layers - 1, 'sealed', 'sealed')),
          ),
        ),
      )
      if (focused) this.#keep.focus()
      if (this.#figures.isConnected) return
      this.element.append(this.#figures)
      // A whole database is looked after by whoever administers it.
      if (!this.workspace.isRemote || this.workspace.scope === 'admin') this.element.append(this.#tools)
    })
  }

  async #persist(): Promise<void> {
    const kept = await navigator.storage.persist()
    toast(
      kept
        ? 'The browser will keep the data.'
        : 'The browser refused. It is more likely to agree for pages that are installed or often used.',
    )
    await this.#draw()
  }

  async #check(): Promise<void> {
    const problems = await attempt('The check failed', () => this.workspace.fs.fsck())
    if (!problems) return
    if (problems.length === 0) toast('No problems found.')
    else
      await tell('The check found problems', [
        el('p', {}, `${count(problems.length, 'problem')}. Export what you need as an archive first.`),
        el('pre', {}, problems.map((one) => JSON.stringify(one)).join('\n')),
      ])
  }

  async #collect(): Promise<void> {
    const freed = await attempt('The garbage could not be collected', () => this.workspace.fs.gc())
    if (freed) toast(freed.bytes === 0 ? 'There was no space to free.' : `Freed ${bytes(freed.bytes)}.`)
    await this.#draw()
  }
}

function bar(part: number): HTMLElement {
  const inner = el('div', {})
  inner.style.width = `${Math.min(100, Math.max(part * 100, part > 0 ? 0.5 : 0))}%`
  return inner
}

function pair(term: string, description: string): HTMLElement[] {
  return [el('dt', {}, term), el('dd', {}, description)]
}
