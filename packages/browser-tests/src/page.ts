/** What a test's page offers to the driver, and to the suite's worker. */
import { workspacePort } from 'tarbox'

interface Result {
  name: string
  started?: true
  ms?: number
  error?: string
}

const results: (Result | { done: true })[] = []
let wake = () => {}

function add(...more: typeof results): void {
  results.push(...more)
  wake()
}

/** Starts a suite in a fresh worker. */
function startSuite(suite: string, only: string): void {
  const worker = new Worker(`/${suite}.test.js`, { type: 'module' })
  worker.onerror = (event) => {
    add({ name: 'starts', ms: 0, error: `${event.message} (${event.filename}:${event.lineno})` }, { done: true })
  }
  worker.onmessage = ({ data }) => {
    if (data.wantsPort) {
      const port = workspacePort({ worker: '/packages/tarbox/dist/worker.js' })
      return worker.postMessage({ port }, [port])
    }
    add(data)
    if (data.done) worker.terminate()
  }
  worker.postMessage({ run: only })
}

/** What came in since this was asked last, as soon as there is anything. */
async function takeResults(): Promise<typeof results> {
  if (results.length === 0) await new Promise<void>((resolve) => (wake = resolve))
  return results.splice(0)
}

Object.assign(window, { startSuite, takeResults })
