import { parent, within } from '../paths.js'
import { isMod } from '../ui/controls.js'
import { el, set } from '../ui/dom.js'
import { icon } from '../ui/icons.js'
import { VirtualList } from '../ui/virtual.js'
import { PATH_TYPE, takeDrops } from './drops.js'
import { editName } from './edit-name.js'
import { fileIcon } from './icon-of.js'
import type { Node, TreeModel } from './model.js'

/** What can be done from the tree. */
export interface TreeActions {
  open(node: Node): void
  remove(node: Node): void
  rename(node: Node, name: string): Promise<boolean>
  menu(node: Node | undefined, at: HTMLElement | { x: number; y: number }): void
  /** Something was dropped on a directory. */
  dropped(directory: string, transfer: DataTransfer): void
}

/** How long after a key the next one continues the same word, in milliseconds. */
const WORD = 700

/** The tree of files, as ARIA has it: one thing to tab to, arrows inside. */
export class Tree {
  readonly element = el('div', { class: 'tree', role: 'tree', tabindex: 0, 'aria-label': 'Files of the workspace' })
  readonly #list: VirtualList<Node>
  #active: string | undefined
  #shown: string | undefined
  #editing: string | undefined
  #word = ''
  #wordAt = 0

  constructor(
    readonly model: TreeModel,
    private readonly actions: TreeActions,
  ) {
    this.#list = new VirtualList<Node>(this.element, {
      key,
      make: (node) => this.#make(node),
      update: (row, node) => this.#update(row, node),
      height: () => rowHeight(this.element),
      keep: () => (this.#active === undefined ? -1 : model.indexOf(this.#active)),
    })
    model.changed.listen(() => this.#refresh())
    model.moved.listen(({ from, to }) => {
      if (this.#active !== undefined && within(this.#active, from)) this.#active = to + this.#active.slice(from.length)
    })
    this.element.addEventListener('keydown', (event) => this.#key(event))
    this.element.addEventListener('focus', () => {
      if (this.#active === undefined && model.rows[0]) this.activate(model.rows[0].path)
    })
    this.element.addEventListener('contextmenu', (event) => {
      event.preventDefault()
      const node = this.#nodeOf(event.target)
      if (node) this.activate(node.path)
      actions.menu(node, { x: event.clientX, y: event.clientY })
    })
    takeDrops(
      this.element,
      (event) => this.#dropTarget(event),
      (directory, transfer) => actions.dropped(directory, transfer),
    )
  }

  get active(): Node | undefined {
    return this.#active === undefined ? undefined : this.model.node(this.#active)
  }

  /** Where something new belongs. */
  get directory(): string {
    const node = this.active
    if (!node) return '/'
    return node.isDirectory ? node.path : parent(node.path)
  }

  /** The path whose document is in front. */
  set shown(path: string | undefined) {
    if (this.#shown === path) return
    this.#shown = path
    if (path !== undefined && this.model.node(path)) this.#active = path
    this.#list.draw()
    this.#describe()
  }

  activate(path: string): void {
    this.#active = path
    const at = this.model.indexOf(path)
    if (at >= 0) this.#list.reveal(at)
    this.#describe()
  }

  focus(): void {
    this.element.focus()
  }

  #refresh(): void {
    if (this.#active !== undefined && !this.model.node(this.#active)) {
      // The nearest that is left.
      let at = parent(this.#active)
      while (at !== '/' && !this.model.node(at)) at = parent(at)
      this.#active = at === '/' ? undefined : at
    }
    this.#list.items = this.model.rows
    this.element.classList.toggle('empty', this.model.rows.length === 0)
    this.#describe()
  }

  #describe(): void {
    const at = this.#active === undefined ? -1 : this.model.indexOf(this.#active)
    const row = at < 0 ? undefined : this.#list.row(key(this.model.rows[at]!))
    set(this.element, 'aria-activedescendant', row?.id)
  }

  #make(node: Node): HTMLElement {
    const row = el('div', {
      class: 'row',
      role: 'treeitem',
      id: `file-${rowNumber++}`,
      draggable: 'true',
      onclick: (event: MouseEvent) => this.#click(event, node.path),
      ondragstart: (event: DragEvent) => {
        event.dataTransfer?.setData(PATH_TYPE, node.path)
        event.dataTransfer?.setData('text/plain', node.path)
        if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move'
      },
    })
    row.dataset['path'] = node.path
    const arrow = el('span', { class: 'arrow' }, node.isDirectory ? icon('chevron', 12) : null)
    row.append(arrow, el('span', { class: 'kind' }), el('span', { class: 'name' }, node.name))
    return row
  }

  #update(row: HTMLElement, node: Node): void {
    const open = node.isDirectory && this.model.isOpen(node.path)
    const face = node.isDirectory ? (open ? 'folderOpen' : 'folder') : fileIcon(node.name)
    const kind = row.children[1] as HTMLElement
    if (kind.dataset['icon'] !== face) {
      kind.dataset['icon'] = face
      kind.replaceChildren(icon(face))
    }
    row.style.setProperty('--level', String(node.level))
    set(row, 'aria-level', node.level)
    set(row, 'aria-posinset', node.position)
    set(row, 'aria-setsize', node.siblings)
    set(row, 'aria-expanded', node.isDirectory ? String(open) : null)
    set(row, 'aria-selected', String(node.path === this.#shown))
    row.classList.toggle('active', node.path === this.#active)
    row.classList.toggle('link', node.isLink)
    row.title = node.isLink ? `${node.path} (a link)` : node.path
  }

  #nodeOf(target: EventTarget | null): Node | undefined {
    const path = (target as Element | null)?.closest<HTMLElement>('.row')?.dataset['path']
    return path === undefined ? undefined : this.model.node(path)
  }

  #dropTarget(event: DragEvent): { directory: string; element: HTMLElement } {
    const node = this.#nodeOf(event.target)
    const directory = !node ? '/' : node.isDirectory ? node.path : parent(node.path)
    const at = this.model.node(directory)
    return { directory, element: (at && this.#list.row(key(at))) ?? this.element }
  }

  #click(event: MouseEvent, path: string): void {
    if (this.#editing !== undefined) return
    const node = this.model.node(path)
    if (!node) return
    this.activate(path)
    if (event.detail <= 1) this.#enter(node)
  }

  #enter(node: Node): void {
    if (!node.isDirectory) return this.actions.open(node)
    if (this.model.isOpen(node.path)) this.model.close(node.path)
    else void this.model.open(node.path)
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== this.element || event.altKey || isMod(event)) return
    const { rows } = this.model
    const at = this.#active === undefined ? -1 : this.model.indexOf(this.#active)
    const node = rows[at]
    const go = (to: number) => {
      const next = rows[Math.max(0, Math.min(rows.length - 1, to))]
      if (next) this.activate(next.path)
    }
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      PageDown: () => go(at + this.#list.page),
      PageUp: () => go(at - this.#list.page),
      ArrowRight: () => {
        if (!node?.isDirectory) return
        if (this.model.isOpen(node.path)) {
          if (rows[at + 1] && rows[at + 1]!.level > node.level) go(at + 1)
        } else void this.model.open(node.path)
      },
      ArrowLeft: () => {
        if (node?.isDirectory && this.model.isOpen(node.path)) this.model.close(node.path)
        else if (node && parent(node.path) !== '/') this.activate(parent(node.path))
      },
      Enter: () => node && this.#enter(node),
      ' ': () => node && this.#enter(node),
      F2: () => node && this.edit(node.path),
      Delete: () => node && this.actions.remove(node),
      ContextMenu: () => this.#menuHere(node),
    }
    if (event.shiftKey && event.key === 'F10') keys['F10'] = () => this.#menuHere(node)
    if (event.key === '*' && node)
      keys['*'] = () =>
        void Promise.all(
          rows
            .filter((row) => row.isDirectory && row.level === node.level && parent(row.path) === parent(node.path))
            .map((row) => this.model.open(row.path)),
        )
    const typing = event.key.length === 1 && event.timeStamp - this.#wordAt < WORD && this.#word !== ''
    const act = typing ? undefined : keys[event.key]
    if (act) {
      event.preventDefault()
      act()
    } else if (event.key.length === 1) {
      event.preventDefault()
      this.#type(event.key, event.timeStamp, at)
    }
  }

  #menuHere(node: Node | undefined): void {
    const row = node && this.#list.row(key(node))
    this.actions.menu(node, row ?? this.element)
  }

  /** Goes to the next name that begins with what was typed. */
  #type(letter: string, time: number, at: number): void {
    this.#word = time - this.#wordAt < WORD ? this.#word + letter.toLowerCase() : letter.toLowerCase()
    this.#wordAt = time
    const { rows } = this.model
    const same = [...this.#word].every((other) => other === this.#word[0])
    const word = same ? this.#word[0]! : this.#word
    const from = same ? at + 1 : Math.max(0, at)
    for (let step = 0; step < rows.length; step++) {
      const row = rows[(from + step) % rows.length]!
      if (row.name.toLowerCase().startsWith(word)) return this.activate(row.path)
    }
  }

  /** Lets a name be changed where it stands. */
  edit(path: string): void {
    this.activate(path)
    const node = this.model.node(path)
    const row = node && this.#list.row(key(node))
    const label = row?.querySelector('.name')
    if (!node || !row || !label) return
    this.#editing = path
    row.draggable = false
    editName(
      label,
      node,
      (name) => this.actions.rename(node, name),
      (again) => {
        this.#editing = undefined
        row.draggable = true
        if (again) this.edit(path)
        else this.focus()
      },
    )
  }
}

let rowNumber = 1

function key({ path, isDirectory }: Node): string {
  return `${Number(isDirectory)}${path}`
}

function rowHeight(element: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 28
}
