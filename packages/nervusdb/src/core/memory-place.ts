import { MemoryStorage } from '../storage/memory.js'
import { SolePlace } from './sole-place.js'

/** A database in memory: gone when it is closed. */
export class MemoryPlace extends SolePlace<MemoryStorage> {
  constructor() {
    super(new MemoryStorage())
  }

  writer(): string {
    return 'this process'
  }
}
