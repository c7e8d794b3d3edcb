/// Requests that are sent again where that can do no harm.
import { TarboxError } from '../errors.js'
import type { Address } from './address.js'

/** Milliseconds that one request may take. What takes longer is asked for again: the server has the answer then. */
const ATTEMPT = 120_000
const PAUSE_MIN = 50
const PAUSE_MAX = 2_000

/** The server has answered, and not with what was wanted. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: { code?: string; detail?: string; title?: string },
    /** Whether an earlier attempt may have been carried out. */
    readonly wasSent: boolean,
  ) {
    super(problem.detail ?? problem.title ?? `the server answered with status ${status}`)
  }
}

/** There was no answer in time. */
export class Unreachable extends Error {
  constructor(
    cause: unknown,
    /** Whether the request may have been carried out. */
    readonly wasSent: boolean,
  ) {
    super('the server cannot be reached', { cause })
  }
}

/** Answers that say nothing of the request itself: later there may be another. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])

export function headers({ key }: Address): Record<string, string> {
  return { authorization: `Bearer ${key}` }
}

/** Sends a request until there is an answer, for as long as patience lasts. */
export async function send(
  address: Address,
  path: string,
  body: Uint8Array<ArrayBuffer> | undefined,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const until = performance.now() + address.patience
  let wasSent = false
  for (let pause = PAUSE_MIN; ; pause = Math.min(2 * pause, PAUSE_MAX)) {
    let wait = pause * Math.random()
    let last: Refused | Unreachable
    try {
      const response = await fetch(address.api + path, {
        method: body ? 'POST' : 'GET',
        headers: { ...headers(address), ...(body && { 'content-type': 'application/octet-stream' }) },
        ...(body && { body }),
        cache: 'no-store',
        credentials: 'omit',
        // A key is for this server alone.
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT)]) : AbortSignal.timeout(ATTEMPT),
      })
      if (response.ok) return new Uint8Array(await response.arrayBuffer())
      last = new Refused(response.status, await problemOf(response), wasSent)
      if (!LATER.has(response.status)) throw last
      wait = Math.max(wait, 1000 * Number(response.headers.get('retry-after') ?? 0) || 0)
      // A proxy may have passed it on.
      wasSent ||= response.status === 502 || response.status === 504
    } catch (error) {
      if (error instanceof Refused || signal?.aborted) throw error
      wasSent ||= !wasNotSent(error)
      last = new Unreachable(error, wasSent)
    }
    if (performance.now() + wait > until) throw last
    await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

/** Whether there was no connection at all; a browser does not tell. */
function wasNotSent(error: unknown): boolean {
  const code = ((error as { cause?: { code?: unknown } } | null)?.cause ?? {}).code
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN'
}

async function problemOf(response: Response): Promise<{ code?: string; detail?: string; title?: string }> {
  try {
    return (await response.json()) as { code?: string }
  } catch {
    return {}
  }
}

/** What a user hears of a request that came to nothing. */
export function errorOf(error: unknown, syscall: string, path?: string): TarboxError {
  const about = { syscall, path, cause: error }
  const subject = path ? `, ${syscall} '${path}'` : ''
  if (error instanceof Refused) {
    const code = codeOf(error)
    return new TarboxError(code, `${code}: ${error.message}${subject}`, about)
  }
  if (error instanceof Unreachable) return new TarboxError('EIO', `EIO: ${error.message}${subject}`, about)
  return new TarboxError('EIO', `EIO: ${error instanceof Error ? error.message : String(error)}${subject}`, about)
}

function codeOf({ status, problem: { code } }: Refused): string {
  if (status === 401 || status === 403) return 'EACCES'
  if (status === 413) return 'E2BIG'
  if (code && /^E[A-Z0-9]+$/.test(code)) return code
  return status === 404 ? 'ENOENT' : status >= 500 || status === 429 ? 'EIO' : 'EINVAL'
}
