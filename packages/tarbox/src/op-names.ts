import { Op } from './protocol.js'

const NAMES = new Map<number, string>(Object.entries(Op).map(([name, op]) => [op, name]))

/** What a call is named in errors. */
export function nameOf(op: Op): string {
  return NAMES.get(op) ?? 'run'
}
