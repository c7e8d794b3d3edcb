import type { Signal } from '../ui/signal.js'
import type { IconName } from '../ui/icons.js'

/** What can be in front: a file in one of its forms, a comparison, a console. */
export interface Doc {
  /** One document of a key is open at most. */
  readonly key: string
  /** The file it shows, if it shows one. */
  readonly path: string | undefined
  readonly title: string
  readonly icon: IconName
  readonly element: HTMLElement
  /** It holds what is not in the workspace yet. */
  readonly dirty: boolean
  /** Its title, mark or status has changed. */
  readonly updated: Signal
  focus(): void
  /** What the status bar says of it. */
  status(): string
  /** Writes what is not written yet; says whether nothing is left. */
  save?(): Promise<boolean>
  /** The workspace has changed at its path, or is another altogether. */
  refresh?(): Promise<void>
  /** The file is somewhere else now. */
  moved?(path: string): void
  /** Whether it can be closed; it may ask. */
  closing?(): Promise<boolean>
  close(): void
}
