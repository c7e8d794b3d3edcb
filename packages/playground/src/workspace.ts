import { type ChangeEvent, type Layer, type LayerName, TarboxError, TarboxFs } from 'tarbox'
import { type Connection, connectionOf } from './sync/connection.js'
import { Signal } from './ui/signal.js'

/** How long changes are gathered before the page looks at them, in milliseconds. */
const GATHER = 40

/** The workspace, and what the page needs to know of it at any time. */
export class Workspace {
  /** What has changed, from whichever tab. */
  readonly changed = new Signal<ChangeEvent[]>()
  /** Layers have changed, or another is in view. */
  readonly history = new Signal()
  /** Another tab has connected it to a server, or disconnected it: this one has to begin anew. */
  readonly outdated = new Signal()
  layers: Layer[] = []
  readonly #channel: BroadcastChannel

  private constructor(
    readonly fs: TarboxFs,
    readonly name: string,
    /** What the key to a server allows, if the workspace is at one. */
    readonly scope?: 'read' | 'write' | 'layers' | 'admin',
    /** The server that it is kept in step with, if it is. */
    readonly connection?: Connection,
  ) {
    this.#channel = new BroadcastChannel(`tarbox-playground:${name}`)
    // The change feed tells of files and switches; checkpoints, tags and drops are told here.
    this.#channel.onmessage = ({ data }) => (data === 'server' ? this.outdated.tell() : void this.#reload())
  }

  static async open(name: string, storage: 'opfs' | 'indexeddb' | 'memory'): Promise<Workspace> {
    const sync = connectionOf(name)
    const fs = await TarboxFs.open({ name, storage, ...(sync && { sync }) })
    return new Workspace(fs, name, undefined, sync).#begin()
  }

  /** The workspace at a server, for whoever has this key. */
  static async at(server: URL, key: string): Promise<Workspace> {
    const fs = await new TarboxFs(server, key).init()
    const response = await fetch(new URL('api/v1/system/capabilities', server), {
      headers: { authorization: `Bearer ${key}` },
    })
    const { tenant, scope } = (await response.json()) as { tenant: string; scope: 'read' }
    return new Workspace(fs, tenant, scope).#begin()
  }

  async #begin(): Promise<this> {
    this.layers = await this.fs.layers.list()
    void this.#follow()
    return this
  }

  /** Opens it once more, here and in every other tab, since it has another server now. */
  beginAnew(): void {
    this.#channel.postMessage('server')
    location.reload()
  }

  get isRemote(): boolean {
    return this.scope !== undefined
  }

  /** It may be read, and nothing else. */
  get isLocked(): boolean {
    return this.readOnly || this.scope === 'read'
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
    try {
      for await (const event of this.fs.watch('/', { layers: true })) {
        if ('name' in event) {
          void this.#reload()
          continue
        }
        if (waiting.push(event) > 1) continue
        setTimeout(() => {
          const events = waiting
          waiting = []
          if (events.some(({ kind }) => kind === 'rescan')) void this.#reload()
          this.changed.tell(events)
        }, GATHER)
      }
    } catch (error) {
      // Not every key may watch: then the page shows what it does itself.
      if (!(error instanceof TarboxError) || error.code !== 'EACCES') throw error
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
