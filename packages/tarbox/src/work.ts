import type { Link, Request, Result } from './link.js'
import type { Op } from './protocol.js'

/** One operation of the workspace, asked for. */
export interface Ask extends Request {
  op: Op
}

/**
 * Something that takes operations of the workspace, written once for those who wait for a promise and those who cannot: it
 * yields each operation that it needs and is given the result, or yields a promise and is given what that comes to.
 */
export type Work<T> = Generator<Ask | PromiseLike<unknown>, T, unknown>

export function* ask(op: Op, request: Request = {}): Work<Result> {
  return (yield { op, ...request }) as Result
}

/** Waits for something that is no operation. Synchronous calls cannot, and refuse. */
export function* wait<T>(promise: PromiseLike<T>): Work<T> {
  return (yield promise) as T
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}

/** Does work over a connection. Its first operation travels with all others of this turn of the event loop. */
export async function doOver<T>(connection: Pick<Link, 'call'>, work: Work<T>): Promise<T> {
  let step = work.next()
  while (!step.done) {
    const asked = step.value
    let came: unknown
    try {
      came = isPromise(asked) ? await asked : await connection.call(asked.op, asked)
    } catch (error) {
      step = work.throw(error)
      continue
    }
    step = work.next(came)
  }
  return step.value
}

/** Does work with calls that return their result. */
export function doAtOnce<T>(call: (asked: Ask) => Result, work: Work<T>): T {
  let step = work.next()
  while (!step.done) {
    const asked = step.value
    let came: unknown
    try {
      if (isPromise(asked)) throw new TypeError('A synchronous call cannot wait for a promise.')
      came = call(asked)
    } catch (error) {
      step = work.throw(error)
      continue
    }
    step = work.next(came)
  }
  return step.value
}
