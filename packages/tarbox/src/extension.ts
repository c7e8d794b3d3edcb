/// Operations beyond those of every workspace, of modules that can do more: `tarbox-quickjs` has engines of JavaScript.
import { type Op, WRITES } from './protocol.js'

/** The number of the first. */
const FIRST = 1000

export function isExtension(op: number): boolean {
  return op >= FIRST
}

/** Whether an operation may change something, and so waits for the device. */
export function writes(op: number): boolean {
  return isExtension(op) || WRITES.has(op)
}

/** What an operation of a module is asked by, from its place among them. */
export function extension(at: number): Op {
  return (FIRST + at) as Op
}
