/** What a test's page offers to the driver. */

interface Result {
  name: string
  ms: number
  error?: string
}

/** Runs a suite in a fresh worker. */
async function runSuite(suite: string, only: string): Promise<Result[]> {
  const worker = new Worker(`/${suite}.test.js`, { type: 'module' })
  const results: Result[] = []
  await new Promise<void>((resolve) => {
    worker.onerror = (event) => {
      results.push({ name: 'starts', ms: 0, error: `${event.message} (${event.filename}:${event.lineno})` })
      resolve()
    }
    worker.onmessage = ({ data }) => {
      if (data.done) resolve()
      else results.push(data as Result)
    }
    worker.postMessage({ run: only })
  })
  worker.terminate()
  return results
}

Object.assign(window, { runSuite })
