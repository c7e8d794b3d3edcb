/** What tests expect, in browsers and in Node.js. */
export function assert(condition: unknown, message = 'expected to hold'): asserts condition {
  if (!condition) throw new Error(message)
}

export function equal(found: unknown, expected: unknown, about = ''): void {
  const [one, other] = [show(found), show(expected)]
  if (one !== other) throw new Error(`${about ? `${about}: ` : ''}found ${one}, expected ${other}`)
}

/** Expects an error whose text (or code) matches. */
export async function fails(act: () => unknown, expected: RegExp): Promise<unknown> {
  let result: unknown
  try {
    result = await act()
  } catch (error) {
    const text = `${(error as { code?: string }).code ?? ''} ${(error as Error).name}: ${(error as Error).message}`
    if (!expected.test(text)) throw new Error(`failed otherwise: ${text}`, { cause: error })
    return error
  }
  throw new Error(`did not fail, but gave ${show(result)}`)
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, inner) => {
    if (typeof inner === 'bigint') return `${inner}n`
    if (inner instanceof Uint8Array) return `bytes ${Array.from(inner)}`
    return inner === undefined ? 'undefined' : inner
  })
}
