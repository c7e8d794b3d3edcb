/// How a replica stands.

/** Something that both sides changed, until somebody decides. */
export interface Conflict {
  /** Nanoseconds since 1970. */
  time: number
  kind: string
  path: string
  /** Where this replica's content is; the server's has the path. */
  copy: string | null
}

/** What the module says of a replica. */
export interface Known {
  /** When it was last in step, in nanoseconds since 1970. */
  synced: number | null
  conflicts: Conflict[]
  refused: Record<string, string>
  log: { time: number; what: string }[]
}

/** How a replica stands, as far as is known here. */
export interface Standing {
  status: Known
  ahead: number | null
}

/** How far a round has come: changes that are to be made, still, and bytes of files. */
export interface Progress {
  send: number
  get: number
  bytes: number
  copied: number
}

/** How a round ended. */
export interface Ended {
  report: { pulled: number; pushed: number; bytes_pulled: number; bytes_pushed: number }
  status: Known
}

/** How a workspace that is a replica stands towards its server. */
export interface SyncStatus {
  /**
   * `waiting`: nothing was tried yet, or something changed here that is about to be sent, or (with an `error`) a past layer is shown.
   * `syncing`: a round is under way. `in step`: both have the same. `offline`: the server cannot be reached. `refused`: the server does
   * not want this, such as the key. `full`: there is no room here for what the server has. All of these are tried again, at `retry`.
   */
  state: 'waiting' | 'syncing' | 'in step' | 'offline' | 'refused' | 'full'
  /** Why the last round did not succeed. */
  error?: { code: string; message: string } | undefined
  /** When the next round is tried if nothing happens before, in milliseconds since 1970. */
  retry?: number | undefined
  /** Files that were changed here and that the server may not have; nothing where that is not known. */
  ahead?: number | undefined
  /** What is left to do of the round under way: changes at the server and here, bytes of files, and how many of those are copied. */
  progress?: Progress | undefined
  /** When both were last in step, in milliseconds since 1970. */
  synced?: number
  /** What both sides changed differently: both contents are there, and wait for {@link Sync.resolve}. */
  conflicts: { path: string; copy: string; time: number }[]
  /** What stays here, by path, and why the server refuses it, such as a quota. It is sent when that is over. */
  refused: Record<string, string>
  /** What happened, the oldest first. */
  log: { time: number; what: string }[]
  /** Changes whenever anything else does. */
  version: number
}

export function statusOf(known: Known): Pick<SyncStatus, 'synced' | 'conflicts' | 'refused' | 'log'> {
  const millis = (time: number) => Math.round(time / 1e6)
  return {
    ...(known.synced !== null && { synced: millis(known.synced) }),
    conflicts: known.conflicts.flatMap(({ path, copy, time }) =>
      copy === null ? [] : [{ path, copy, time: millis(time) }],
    ),
    refused: known.refused,
    log: known.log.map(({ time, what }) => ({ time: millis(time), what })),
  }
}
