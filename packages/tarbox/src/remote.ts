import { MAY_START_WORKERS, startWorker } from '#platform'
import { serve } from './serve.js'

/** The worker that a workspace is in, or a port to it. */
export type Remote = Worker | MessagePort

/** A worker's script, a worker made of it, or a port to one. */
export type RemoteSource = Remote | string | URL

/** Makes a worker for a workspace, or does without where there cannot be one. */
export function remote(source?: RemoteSource): Remote {
  return MAY_START_WORKERS || isRemote(source) ? workerOf(source) : here()
}

/** Whether a worker may be ended and made again: one that was not given, by a page, which hears of when to. */
export function isOurs(source?: RemoteSource): boolean {
  return typeof document !== 'undefined' && !isRemote(source)
}

/** Makes a worker, unless one was given. */
export function workerOf(source?: RemoteSource): Remote {
  return isRemote(source) ? source : startWorker(source)
}

function here(): MessagePort {
  const { port1, port2 } = new MessageChannel()
  serve(port2)
  return port1
}

function isRemote(source?: RemoteSource): source is Remote {
  return typeof source === 'object' && 'postMessage' in source
}

/** Ends a worker, or lets go of a port. */
export function end(remote: Remote): void {
  if ('terminate' in remote) remote.terminate()
  else remote.close()
}
