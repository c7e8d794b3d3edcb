import type { Storage } from '../storage/storage.js'
import type { Place } from './platform.js'

/** A database that nobody else can have at the same time: there is nobody to keep out, and nobody whose writes to notice. */
export abstract class SolePlace<S extends Storage> implements Place {
  constructor(readonly storage: S) {}

  /** Who has it, for messages. */
  abstract writer(): string

  identity(): undefined {
    return undefined
  }

  readonly wasLastWriter = true

  epoch(): string {
    return ''
  }

  lockWriter(): boolean {
    return true
  }

  unlockWriter(): void {}

  created(): void {}

  registerReader(): () => void {
    return () => {}
  }

  dispose(): void {
    this.storage.dispose()
  }
}
