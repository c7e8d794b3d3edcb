import { type ChangeEvent, type Layer, type LayerName, TarboxFs } from 'tarbox'
import { Signal } from './ui/signal.js'

/** How long changes are gathered before the page looks at them, in milliseconds. */
const GATHER = 40

/** The workspace, and what the page needs to know of it at any time. */
export class Workspace {
  /** What has changed, from whichever tab. */
  readonly changed = new Signal<ChangeEvent[]>()
  /** Layers have changed, or another is in view. */
  readonly history = new Signal()
  layers: Layer[] = []
  readonly #channel: BroadcastChannel

  private constructor(
    readonly fs: TarboxFs,
    readonly name: string,
  ) {
    this.#channel = new BroadcastChannel(`tarbox-playground:${name}`)
    // The change feed tells of files and switches; checkpoints, tags and drops are told here.
    this.#channel.onmessage = () => void this.#reload()
  }

  static async open(name: string, storage: 'opfs' | 'indexeddb' | 'memory'): Promise<Workspace> {
    const workspace = new Workspace(await TarboxFs.open({ name, storage }), name)
    workspace.layers = await workspace.fs.layers.list()
    void workspace.#follow()
    return workspace
  }

  get current(): Layer {
    return this.layers.find((layer) => layer.current) ?? this.layers.at(-1)!
  }

  /** A past state is in view. */
  get readOnly(): boolean {
    return this.current.sealed !== null
  }

  async #follow(): Promise<void> {
    let waiting: ChangeEvent[] = []
    for await (const event of this.fs.watch('/')) {
      if (waiting.push(event) > 1) continue
      setTimeout(() => {
        const events = waiting
        waiting = []
        if (events.some(({ kind }) => kind === 'rescan')) void this.#reload()
        this.changed.tell(events)
      }, GATHER)
    }
  }

  async #reload(): Promise<void> {
    this.layers = await this.fs.layers.list()
    this.history.tell()
  }

  /** Does something with layers, and tells every tab. */
  async #edit<T>(act: () => Promise<T>): Promise<T> {
    const result = await act()
    this.#channel.postMessage('layers')
    await this.#reload()
    return result
  }

  /** Does what no other tab may do at the same time. Without encryption a site has no locks, and nothing that tabs share. */
  async alone<T>(what: string, act: () => Promise<T>): Promise<T> {
    return isSecureContext ? navigator.locks.request(`tarbox-playground:${this.name}:${what}`, act) : act()
  }

  checkpoint(name: string, description: string): Promise<Layer> {
    return this.#edit(() => this.fs.layers.checkpoint(name, { description }))
  }

  switch(layer: LayerName): Promise<void> {
    return this.#edit(() => this.fs.layers.switch(layer))
  }

  drop(layer: LayerName): Promise<void> {
    return this.#edit(() => this.fs.layers.drop(layer))
  }

  tag(tag: string, layer: LayerName | null): Promise<void> {
    return this.#edit(() => this.fs.layers.tag(tag, layer))
  }

  /** Goes on writing from the past state in view; the layers after it go. */
  continueHere(): Promise<Layer> {
    const { name } = this.current
    return this.#edit(() => this.fs.layers.checkpoint(name ?? '', { discardLater: true }))
  }

  /** Where a file of a layer is to be read. */
  at(layer: Layer, path: string): string {
    if (layer.current) return path
    return `/.tarbox/snapshots/${layer.name ?? 'head'}${path}`
  }
}
