/** Ids have 31 bits. */
export function isId(id: unknown): id is number {
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= 0x7fffffff
}

/** Refuses what is no id. */
export function checkId(id: number): void {
  if (!isId(id)) throw new TypeError(`an id must be an integer from 0 to 2147483647, not ${String(id)}`)
}
