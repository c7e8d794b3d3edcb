/** Refuses what is no fact, as TypeScript would. */
export function checkFact(subject: unknown, predicate: unknown, object: unknown): void {
  if (typeof subject !== 'string' || typeof predicate !== 'string' || typeof object !== 'string') {
    checkString(subject, 'subject')
    checkString(predicate, 'predicate')
    checkString(object, 'object')
  }
}

export function checkString(value: unknown, what: string): string {
  if (typeof value !== 'string')
    throw new TypeError(`${what} must be a string, not ${value === null ? 'null' : typeof value}`)
  return value
}
