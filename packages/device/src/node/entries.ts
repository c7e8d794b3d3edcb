import * as fs from 'node:fs'
import { codeOf } from '../code.js'

/** The names in a directory; none if it is not there. */
export function entries(directory: string): string[] {
  try {
    return fs.readdirSync(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
