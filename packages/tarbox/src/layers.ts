import { textOf } from 'tarbox-device'
import type { Link, Result } from './link.js'
import { Op } from './protocol.js'

/** A sealed state of the workspace, or (the last one) the state being written. */
export interface Layer {
  id: number
  name: string | null
  description: string | null
  /** When it was sealed, in nanoseconds since 1970. */
  sealed: number | null
  tags: string[]
  current: boolean
}

/** A difference between two layers at one path. */
export interface Change {
  kind: 'added' | 'modified' | 'deleted' | 'renamed'
  path: string
  from?: string
  file: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'chardevice' | 'blockdevice'
  size_before: number | null
  size_after: number | null
  content: boolean
}

/** A layer, given by its name, tag or number; `head` is the one being written. */
export type LayerName = string | number

/** The history of a workspace. */
export class Layers {
  readonly #connection: Link

  /** @internal */
  constructor(connection: Link) {
    this.#connection = connection
  }

  /** Seals the current state under a name. While a past layer is current, this requires `discardLater`, which removes the later layers. */
  async checkpoint(name: string, options: { description?: string; discardLater?: boolean } = {}): Promise<Layer> {
    return json(
      await this.#connection.call(Op.checkpoint, {
        first: name,
        second: options.description ?? '',
        numbers: [Number(options.discardLater ?? false)],
      }),
    )
  }

  /** All layers, oldest first. */
  async list(): Promise<Layer[]> {
    return json(await this.#connection.call(Op.layers, {}))
  }

  /** Switches to a layer, which is read-only unless it is `head`. */
  async switch(layer: LayerName): Promise<void> {
    await this.#connection.call(Op.switch, { first: String(layer) })
  }

  /** The differences, sorted by path. */
  async diff(from: LayerName, to: LayerName = 'head'): Promise<Change[]> {
    return json(await this.#connection.call(Op.diff, { first: String(from), second: String(to) }))
  }

  /** Removes a sealed state; its changes become part of the next layer. */
  async drop(layer: LayerName): Promise<void> {
    await this.#connection.call(Op.dropLayer, { first: String(layer) })
  }

  /** Points a tag at a layer, or removes it. */
  async tag(tag: string, layer: LayerName | null): Promise<void> {
    await this.#connection.call(Op.tag, { first: tag, second: layer === null ? '' : String(layer) })
  }
}

export function json<T>({ bytes }: Result): T {
  return JSON.parse(textOf(bytes)) as T
}
