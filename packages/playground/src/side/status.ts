import type { Desk } from '../documents/desk.js'
import { layerName } from '../history/actions.js'
import type { Offline } from '../offline/offline.js'
import { button } from '../ui/controls.js'
import { el, fill } from '../ui/dom.js'
import { icon, type IconName } from '../ui/icons.js'
import type { Storage } from 'tarbox'
import type { Workspace } from '../workspace.js'

const PLACES = {
  opfs: [
    'storage',
    'On this device',
    'Kept in the private file system of this browser. Saved changes are on the disk.',
  ],
  indexeddb: [
    'storage',
    'IndexedDB',
    'This browser has no file handles for workers, so files are kept in IndexedDB. They will be moved when it does.',
  ],
  server: ['storage', 'At the server', 'Kept by the server that this page comes from. Saved changes are on its disk.'],
  memory: ['warning', 'In memory only', 'Everything is lost when this tab is closed. Export what you want to keep.'],
} satisfies Partial<Record<Storage, [IconName, string, string]>>

/** One line that says where things stand. */
export class StatusBar {
  constructor(
    private readonly place: HTMLElement,
    private readonly workspace: Workspace,
    private readonly desk: Desk,
    private readonly offline: Offline,
    private readonly showHistory: () => void,
  ) {
    const draw = () => this.#draw()
    desk.changed.listen(draw)
    workspace.history.listen(draw)
    offline.changed.listen(draw)
    addEventListener('online', draw)
    addEventListener('offline', draw)
    draw()
  }

  #draw(): void {
    const { fs, current, readOnly } = this.workspace
    const [symbol, text, title] = PLACES[fs.storage as keyof typeof PLACES]
    const { update, ready } = this.offline
    const front = this.desk.front
    const said = front?.status() ?? ''
    const focused = this.place.contains(document.activeElement) ? document.activeElement!.className : undefined
    const layer = button(readOnly ? `Looking at “${layerName(current)}”` : 'Now', this.showHistory, {
      icon: readOnly ? 'lock' : 'history',
      kind: 'quiet',
      label: 'Show the history',
    })
    layer.classList.add('layer')
    const next =
      update &&
      button('New version: reload', () => this.offline.apply(), {
        icon: 'back',
        kind: 'quiet',
        label: 'Switch to the new version of this page',
      })
    next?.classList.add('update')
    fill(
      this.place,
      item(symbol, text, title, fs.storage === 'memory' ? 'warn' : ''),
      layer,
      !navigator.onLine
        ? item('offline', 'Offline', 'There is no network connection.')
        : ready
          ? item('check', 'Works offline', 'This page is kept in the browser and works without a network.', 'wide')
          : null,
      next ?? null,
      el('span', { class: 'space' }),
      el('span', { class: 'doc' }, front?.dirty ? 'Not saved yet' : '', front?.dirty && said ? ' · ' : '', said),
    )
    if (focused !== undefined)
      this.place
        .querySelector<HTMLElement>(
          focused
            .split(' ')
            .map((name) => `.${name}`)
            .join(''),
        )
        ?.focus()
  }
}

function item(symbol: IconName, text: string, title: string, kind = ''): HTMLElement {
  return el('span', { class: `item ${kind}`, title }, icon(symbol, 13), text)
}
