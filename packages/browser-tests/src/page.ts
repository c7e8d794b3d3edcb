/** What a test's page offers to the driver. */

interface Result {
  name: string
  ms: number
  error?: string
}

const results: (Result | { done: true })[] = []

/** Starts a suite in a fresh worker. */
function startSuite(suite: string, only: string): void {
  const worker = new Worker(`/${suite}.test.js`, { type: 'module' })
  worker.onerror = (event) => {
    results.push({ name: 'starts', ms: 0, error: `${event.message} (${event.filename}:${event.lineno})` }, { done: true })
  }
  worker.onmessage = ({ data }) => {
    results.push(data)
    if (data.done) worker.terminate()
  }
  worker.postMessage({ run: only })
}

/** What came in since this was asked last. */
function takeResults(): typeof results {
  return results.splice(0)
}

Object.assign(window, { startSuite, takeResults })
