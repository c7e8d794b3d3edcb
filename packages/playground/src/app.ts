import type { Layer } from 'tarbox'
import { Desk } from './documents/desk.js'
import type { Doc } from './documents/document.js'
import { type Form, openFile } from './documents/open.js'
import { TextDoc } from './documents/text.js'
import { dropped as droppedFiles, chosen } from './exchange/sources.js'
import { importFiles } from './exchange/import.js'
import { exportArchive, exportFile, importArchive, isArchive } from './exchange/tar.js'
import { pick } from './exchange/pick.js'
import { Commands } from './files/commands.js'
import { PATH_TYPE } from './files/drops.js'
import { type Node, TreeModel } from './files/model.js'
import { Tree } from './files/tree.js'
import { help } from './help.js'
import { LayerActions, layerName } from './history/actions.js'
import { DiffDoc } from './history/diff.js'
import { Timeline } from './history/timeline.js'
import { Offline } from './offline/offline.js'
import { base, join, resolve } from './paths.js'
import { attempt } from './problems.js'
import { bringSample, isFirstVisit } from './sample/sample.js'
import { AuditPanel } from './side/audit.js'
import { signOut } from './server.js'
import { Side } from './side/side.js'
import { StatusBar } from './side/status.js'
import { StoragePanel } from './side/storage.js'
import { ConflictDoc } from './sync/conflict-doc.js'
import { SyncPanel } from './sync/panel.js'
import { pill } from './sync/pill.js'
import { Standing } from './sync/standing.js'
import { button, isMod } from './ui/controls.js'
import { el, fill } from './ui/dom.js'
import { icon } from './ui/icons.js'
import { keptHere } from './ui/kept.js'
import { menu } from './ui/menu.js'
import { splitter } from './ui/splitter.js'
import { themeButton } from './ui/theme.js'
import { toast } from './ui/toast.js'
import type { Workspace } from './workspace.js'

interface Remembered {
  open: { path: string; reading: boolean }[]
  front?: string | undefined
}

const find = (id: string) => document.getElementById(id)!

/** The page: what is where, and how its parts reach each other. */
export class App {
  readonly #desk: Desk
  readonly #model: TreeModel
  readonly #tree: Tree
  readonly #commands: Commands
  readonly #layers: LayerActions
  readonly #side: Side
  readonly #standing: Standing | undefined
  readonly #offline = new Offline()
  readonly #banner = el('div', { class: 'banner', role: 'status', hidden: true })

  constructor(readonly workspace: Workspace) {
    this.#commands = new Commands(workspace)
    this.#desk = new Desk(find('work'), this.#banner, this.#welcome(), workspace)
    this.#layers = new LayerActions(workspace, () => this.#desk.saveAll())
    this.#model = new TreeModel(workspace)
    this.#tree = new Tree(this.#model, {
      open: (node) => void this.open(node.path),
      remove: (node) => void this.#commands.remove(node).then(() => this.#tree.focus()),
      rename: (node, name) => this.#commands.rename(node, name),
      menu: (node, at) => this.#fileMenu(node, at),
      dropped: (directory, transfer) => this.#dropped(directory, transfer),
    })
    const audit = new AuditPanel(workspace, (path) => void this.open(path))
    const storage = new StoragePanel(workspace, () => this.#bringSample('/sample'))
    this.#standing = workspace.connection && new Standing(workspace)
    const sync = new SyncPanel(workspace, this.#standing, {
      compare: (copy) => this.#decide(copy),
      saveAll: () => this.#desk.saveAll(),
    })
    const timeline = new Timeline(workspace, this.#layers, (from, to) => void this.#compare(from, to))
    this.#side = new Side(find('side'), [
      { key: 'history', text: 'History', icon: 'history', element: timeline.element },
      {
        key: 'activity',
        text: 'Activity',
        icon: 'activity',
        element: audit.element,
        show: () => audit.show(),
        hide: () => audit.hide(),
      },
      {
        key: 'storage',
        text: 'Storage',
        icon: 'storage',
        element: storage.element,
        show: () => storage.show(),
        hide: () => storage.hide(),
      },
      // What is at a server already is in step with it.
      ...(workspace.isRemote
        ? []
        : [
            {
              key: 'sync',
              text: 'Sync',
              icon: 'cloud' as const,
              element: sync.element,
              show: () => sync.show(),
              hide: () => sync.hide(),
            },
          ]),
    ])
    new StatusBar(find('status'), workspace, this.#desk, this.#offline, () => this.#panel('history'))
    this.#layout()
    this.#listen()
  }

  async start(): Promise<void> {
    await this.#model.load()
    // Of several tabs that are opened at once the first brings the sample, and the others show it.
    const isNew = !this.workspace.isRemote && (await this.workspace.alone('first visit', () => this.#welcomed()))
    if (!isNew) await this.#openAgain()
    // Only now: what has not come back yet is not forgotten.
    this.#desk.changed.listen(() => this.#remember())
    this.#remember()
    // What is at a server is not there without it.
    if (!this.workspace.isRemote) this.#offline.start()
  }

  async #welcomed(): Promise<boolean> {
    if (!(await isFirstVisit(this.workspace))) return false
    await this.#bringSample('/')
    await attempt('The first checkpoint could not be created', () =>
      this.workspace.checkpoint('sample', 'the sample project'),
    )
    return true
  }

  #layout(): void {
    fill(
      find('bar'),
      el(
        'h1',
        {},
        el('img', { src: 'icon.svg', alt: '', width: 24, height: 24 }),
        el('span', {}, 'Tarbox'),
        el('span', { class: 'workspace' }, this.workspace.name),
      ),
      el('span', { class: 'space' }),
      this.workspace.isRemote &&
        button('Sign out', signOut, { kind: 'quiet', label: 'Forget the key in this browser' }),
      !this.workspace.isRemote && pill(this.#standing, () => this.#panel('sync')),
      themeButton(),
      button('', help, { icon: 'help', label: 'Help and keys', kind: 'quiet' }),
    )
    const importing = button('', () => this.#importMenu(importing, this.#tree.directory), {
      icon: 'upload',
      label: 'Import',
      kind: 'quiet',
    })
    importing.setAttribute('aria-haspopup', 'menu')
    const head = el(
      'div',
      { class: 'head' },
      el('h2', {}, 'Files'),
      el('span', { class: 'space' }),
      button('', () => void this.#create('file'), { icon: 'fileNew', label: 'New file', kind: 'quiet' }),
      button('', () => void this.#create('folder'), { icon: 'folderNew', label: 'New folder', kind: 'quiet' }),
      importing,
      button('', () => void exportArchive(this.workspace, '/'), {
        icon: 'download',
        label: 'Export everything as a tar archive',
        kind: 'quiet',
      }),
      button('', () => this.#model.closeAll(), { icon: 'collapse', label: 'Close all folders', kind: 'quiet' }),
    )
    const hint = el('p', { class: 'hint' }, 'No files yet. Create one, or drop files and folders here.')
    fill(find('files'), head, this.#tree.element, hint)
    find('files').append(
      splitter({
        property: '--files-width',
        label: 'Width of the file list',
        min: 160,
        max: 560,
        initial: 250,
        edge: 'right',
      }),
    )
    find('side').append(
      splitter({
        property: '--side-width',
        label: 'Width of the side panel',
        min: 240,
        max: 640,
        initial: 310,
        edge: 'left',
      }),
    )
    this.#drawTabs()
  }

  /** The panels of a narrow screen. */
  #drawTabs(): void {
    const panes = find('panes')
    const tab = (panel: string, text: string, symbol: Parameters<typeof icon>[0]) => {
      const front =
        panes.dataset['panel'] === (['files', 'work'].includes(panel) ? panel : 'side') &&
        (['files', 'work'].includes(panel) || this.#side.front === panel)
      return el(
        'button',
        { type: 'button', 'aria-current': front ? 'page' : null, onclick: () => this.#panel(panel) },
        icon(symbol, 20),
        el('span', {}, text),
      )
    }
    fill(
      find('tabs'),
      tab('files', 'Files', 'folder'),
      tab('work', 'Editor', 'pencil'),
      tab('history', 'History', 'history'),
      tab('activity', 'Activity', 'activity'),
      tab('storage', 'Storage', 'storage'),
      !this.workspace.isRemote && tab('sync', 'Sync', 'cloud'),
    )
  }

  #panel(panel: string): void {
    const inSide = !['files', 'work'].includes(panel)
    find('panes').dataset['panel'] = inSide ? 'side' : panel
    if (inSide) this.#side.show(panel)
    this.#drawTabs()
  }

  #listen(): void {
    this.#desk.changed.listen(() => {
      const { front } = this.#desk
      this.#tree.shown = front?.path
      document.title = front ? `${front.dirty ? '• ' : ''}${front.title} – Tarbox` : 'Tarbox'
    })
    this.workspace.history.listen(() => this.#drawBanner())
    this.workspace.outdated.listen(() => void this.#beginAnew())
    this.#drawBanner()
    addEventListener('keydown', (event) => this.#key(event))
    addEventListener('blur', () => void this.#desk.saveAll())
    document.addEventListener('visibilitychange', () => document.hidden && void this.#desk.saveAll())
    addEventListener('beforeunload', (event) => {
      if (!this.#desk.dirty) return
      void this.#desk.saveAll()
      event.preventDefault()
    })
    // A file dropped beside the tree would replace the page.
    for (const kind of ['dragover', 'drop'] as const) addEventListener(kind, (event) => event.preventDefault())
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'F6') {
      event.preventDefault()
      return this.#nextPane(event.shiftKey ? -1 : 1)
    }
    if (!isMod(event) || event.altKey) return
    if (event.key.toLowerCase() === 's') {
      event.preventDefault()
      void this.#desk.saveAll()
    }
  }

  /** From the files to the document, to the panel beside, and round again. */
  #nextPane(by: number): void {
    const panes = ['files', 'work', 'side']
    const here = panes.indexOf(document.activeElement?.closest('.pane')?.id ?? '')
    const next = panes[(here + by + panes.length) % panes.length]!
    this.#panel(next === 'side' ? this.#side.front : next)
    if (next === 'files') this.#tree.focus()
    else if (next === 'side') this.#side.focus()
    else this.#desk.front?.focus()
  }

  #load(path: string, form?: Form): Promise<Doc> {
    return openFile(this.workspace, path, (link) => void this.open(resolve(path, link)), form)
  }

  async open(path: string, form?: Form): Promise<Doc | undefined> {
    return attempt(`“${base(path)}” could not be opened`, async () => {
      let doc = this.#desk.find(path)
      if (doc && form) {
        if (!(await this.#desk.leave(doc))) return undefined
        const other = await this.#load(path, form)
        this.#desk.replace(doc, other)
        doc = other
      } else if (doc) this.#desk.show(doc)
      else {
        const opened = await this.#load(path, form)
        // Somebody may have clicked twice, or what was open before has come back meanwhile.
        doc = this.#desk.find(path)
        if (doc) {
          opened.close()
          this.#desk.show(doc)
        } else this.#desk.add((doc = opened))
      }
      this.#panel('work')
      return doc
    })
  }

  #remembered = ''

  /** What is open comes back when the page does. */
  #remember(): void {
    const { docs, front } = this.#desk
    const open = docs.flatMap((doc) =>
      doc.path === undefined ? [] : [{ path: doc.path, reading: doc instanceof TextDoc && doc.reading }],
    )
    const now: Remembered = { open, front: front?.path }
    // A cursor that moves changes none of it.
    const text = JSON.stringify(now)
    if (text !== this.#remembered) keptHere.set(`docs:${this.workspace.name}`, now)
    this.#remembered = text
  }

  async #openAgain(): Promise<void> {
    const { open, front } = keptHere.get<Remembered>(`docs:${this.workspace.name}`) ?? {
      open: [{ path: '/README.md', reading: true }],
    }
    // Whoever has clicked meanwhile has what was clicked in front.
    for (const { path, reading } of open) {
      await attempt(`“${base(path)}” could not be reopened`, async () => {
        if (this.#desk.find(path) || !(await this.workspace.fs.exists(path))) return
        const doc = await this.#load(path)
        if (this.#desk.find(path)) return doc.close()
        this.#desk.add(doc, false)
        if (reading && doc instanceof TextDoc) await doc.read()
      })
    }
    const doc = this.#desk.find(front ?? '') ?? this.#desk.docs[0]
    if (doc && !this.#desk.front) this.#desk.show(doc)
  }

  async #compare(from: Layer, to: Layer): Promise<void> {
    await this.#desk.saveAll()
    const there = this.#desk.find('difference')
    if (there instanceof DiffDoc) {
      this.#desk.show(there)
      await there.compare(from, to)
    } else this.#desk.add(new DiffDoc(this.workspace, this.#layers, (path) => void this.open(path), from, to))
    this.#panel('work')
  }

  /** Opens both contents of a conflict, which is named by that of this device. */
  #decide(copy: string): void {
    const standing = this.#standing!
    const conflict = standing.status.conflicts.find((conflict) => conflict.copy === copy)
    if (!conflict) return
    const there = this.#desk.find(ConflictDoc.keyOf(conflict))
    if (there) this.#desk.show(there)
    else this.#desk.add(new ConflictDoc(this.workspace, standing, conflict, (doc) => void this.#decided(doc, copy)))
    this.#panel('work')
  }

  /** Goes on with the next conflict, or shows that there is none. */
  async #decided(doc: Doc, copy: string): Promise<void> {
    const wasFront = this.#desk.front === doc
    await this.#desk.close(doc)
    if (!wasFront) return
    const next = this.#standing!.status.conflicts.find((other) => other.copy !== copy)
    if (next) this.#decide(next.copy)
    else this.#panel('sync')
  }

  async #beginAnew(): Promise<void> {
    if (await this.#desk.saveAll()) location.reload()
    else toast('This workspace has another server now. Reload this page when your changes are saved.')
  }

  async #create(kind: 'file' | 'folder', directory = this.#tree.directory): Promise<void> {
    const path = await this.#commands.create(directory, kind)
    if (path === undefined) return
    await this.#model.reveal(path)
    this.#tree.activate(path)
    if (kind === 'file') await this.open(path)
    else this.#tree.focus()
  }

  #fileMenu(node: Node | undefined, at: HTMLElement | { x: number; y: number }): void {
    const directory = !node ? '/' : node.isDirectory ? node.path : this.#tree.directory
    menu(at, [
      node && !node.isDirectory && { text: 'Open', icon: 'file', act: () => this.open(node.path) },
      node && !node.isDirectory && { text: 'Open as bytes', icon: 'hash', act: () => this.open(node.path, 'bytes') },
      node &&
        /\.svg$/i.test(node.name) && {
          text: 'Open as a picture',
          icon: 'image',
          act: () => this.open(node.path, 'picture'),
        },
      '-',
      { text: 'New file…', icon: 'fileNew', act: () => this.#create('file', directory) },
      { text: 'New folder…', icon: 'folderNew', act: () => this.#create('folder', directory) },
      { text: 'Import here…', icon: 'upload', act: () => this.#importMenu(at, directory) },
      '-',
      node && { text: 'Rename', icon: 'pencil', keys: 'F2', act: () => this.#tree.edit(node.path) },
      node && { text: 'Move…', icon: 'folder', act: () => this.#commands.moveTo(node) },
      node && !node.isDirectory && { text: 'Duplicate', icon: 'copy', act: () => this.#commands.duplicate(node) },
      node && {
        text: 'Copy the path',
        icon: 'link',
        act: () => attempt('The path could not be copied', () => navigator.clipboard.writeText(node.path)),
      },
      {
        text: node && !node.isDirectory ? 'Download' : 'Export as tar',
        icon: 'download',
        act: () =>
          node && !node.isDirectory ? exportFile(this.workspace, node.path) : exportArchive(this.workspace, directory),
      },
      '-',
      node && { text: 'Delete…', icon: 'trash', keys: 'Del', danger: true, act: () => this.#commands.remove(node) },
    ])
  }

  #importMenu(at: HTMLElement | { x: number; y: number }, directory: string): void {
    const bring = async (folder: boolean) => {
      const files = await pick({ folder, several: true })
      if (files) await importFiles(this.workspace, chosen(files), directory)
    }
    menu(at, [
      { text: 'Files…', icon: 'file', act: () => bring(false) },
      { text: 'A folder…', icon: 'folder', act: () => bring(true) },
      {
        text: 'A tar archive…',
        icon: 'archive',
        act: async () => {
          const files = await pick({ accept: '.tar,.tgz,.gz' })
          if (files?.[0]) await importArchive(this.workspace, files[0], directory)
        },
      },
    ])
  }

  #dropped(directory: string, transfer: DataTransfer): void {
    const path = transfer.getData(PATH_TYPE)
    if (path !== '') return void this.#commands.move(path, join(directory, base(path)))
    const archive = transfer.files.length === 1 ? transfer.files[0] : undefined
    if (archive && isArchive(archive)) return void importArchive(this.workspace, archive, directory)
    void importFiles(this.workspace, droppedFiles(transfer), directory)
  }

  #drawBanner(): void {
    const { readOnly, current } = this.workspace
    document.documentElement.classList.toggle('past', readOnly)
    this.#banner.hidden = !readOnly
    if (!readOnly) return fill(this.#banner)
    fill(
      this.#banner,
      icon('history'),
      el('p', {}, 'You are looking at ', el('strong', {}, `“${layerName(current)}”`), '. It is read-only.'),
      button('Back to now', () => this.#layers.back(), { kind: 'primary' }),
      button('Continue from here…', () => this.#layers.continueHere()),
    )
  }

  async #bringSample(directory: string): Promise<void> {
    const readme = await attempt('The sample project could not be created', () =>
      bringSample(this.workspace, directory),
    )
    if (readme === undefined) return
    await this.#model.load()
    const doc = await this.open(readme)
    if (doc instanceof TextDoc) await doc.read()
  }

  #welcome(): HTMLElement {
    return el(
      'div',
      { class: 'welcome' },
      icon('seal', 40),
      el('p', {}, 'Choose a file to read or edit it.'),
      el(
        'div',
        { class: 'buttons' },
        button('New file', () => void this.#create('file'), { icon: 'fileNew' }),
        button('Import', (event) => this.#importMenu(event.currentTarget as HTMLElement, '/'), { icon: 'upload' }),
      ),
    )
  }
}
