/** A few words to write tests with that run in a worker. */
export { assert, equal, fails } from './asserts.js'

type Body = () => void | Promise<void>
const tests: [string, Body][] = []

export function test(name: string, body: Body): void {
  tests.push([name, body])
}

let ready: Promise<unknown> = Promise.resolve()

/** Waits before the first test, for one whose tests have to be found first. */
export function prepare(work: Promise<unknown>): void {
  ready = work
}

/** A way to a workspace, made by the page. */
export function portOfPage(): Promise<MessagePort> {
  return new Promise((resolve) => {
    addEventListener('message', function heard({ data }: MessageEvent<{ port?: MessagePort }>) {
      if (!data.port) return
      removeEventListener('message', heard)
      resolve(data.port)
    })
    postMessage({ wantsPort: true })
  })
}

/** Seconds a test may take: nothing here takes a hundredth of this, but a machine may be busy with something else. */
const PATIENCE = 600

/**
 * A test that waits for ever is a failure, not a wait. Seconds are counted one at a time, so that those in which the
 * machine gave us no processor do not count.
 */
function patience(): { over: Promise<never>; end: () => void } {
  let timer: ReturnType<typeof setInterval> | undefined
  const over = new Promise<never>((_, reject) => {
    let left = PATIENCE
    timer = setInterval(() => --left === 0 && reject(new Error(`did not end within ${PATIENCE} seconds`)), 1000)
  })
  return { over, end: () => clearInterval(timer) }
}

/** Runs what was registered, and tells the page. */
async function run(only: string): Promise<void> {
  try {
    await ready
  } catch (error) {
    postMessage({ name: 'the tests are found', error: String(error) })
  }
  for (const [name, body] of tests.filter(([name]) => name.includes(only))) {
    const start = performance.now()
    const { over, end } = patience()
    postMessage({ name, started: true })
    try {
      await Promise.race([body(), over])
      postMessage({ name, ms: performance.now() - start })
    } catch (error) {
      const text =
        error instanceof Error ? `${error.stack}${error.cause ? `\nbecause ${error.cause}` : ''}` : String(error)
      postMessage({ name, ms: performance.now() - start, error: text })
    } finally {
      end()
    }
  }
  postMessage({ done: true })
}

addEventListener('unhandledrejection', (event) => {
  postMessage({
    name: 'no rejection is left unhandled',
    ms: 0,
    error: String((event as PromiseRejectionEvent).reason?.stack ?? event),
  })
})
addEventListener('message', (event: MessageEvent) => {
  if (event.data?.run !== undefined) void run(event.data.run as string)
})
