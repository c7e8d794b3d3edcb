/// How the workspace stands towards its server, and what that means to people.
import { type SyncStatus, TarboxError } from 'tarbox'
import { ago, bytes, count } from '../ui/format.js'
import type { IconName } from '../ui/icons.js'
import { Signal } from '../ui/signal.js'
import type { Workspace } from '../workspace.js'

/** A round that takes less than this is not shown: it would only flicker. Milliseconds. */
const BRIEF = 600
/** Milliseconds after which a tab that knows nothing of a server yet is asked again. */
const AGAIN = 1_000

/** States that last until an attempt succeeds. */
const HINDERED: ReadonlySet<SyncStatus['state']> = new Set(['offline', 'refused', 'full'])

/** What is seen of it at a glance. */
export interface Glance {
  kind: 'good' | 'busy' | 'calm' | 'warn' | 'bad'
  icon: IconName
  /** A few words. */
  text: string
  /** A sentence or two: what it means, and what to do. */
  more: string
}

export class Standing {
  readonly changed = new Signal()
  /** What is shown, and what is known. */
  #status: SyncStatus = { state: 'waiting', conflicts: [], refused: {}, log: [], version: 0 }
  #latest = this.#status
  #timer = 0

  constructor(private readonly workspace: Workspace) {
    void this.#follow()
  }

  get status(): SyncStatus {
    return this.#status
  }

  async #follow(): Promise<void> {
    for (;;) {
      try {
        for await (const status of this.workspace.fs.replica.watch()) this.#hear(status)
        return
      } catch (error) {
        // The tab that has the files was opened before there was a server; it is about to begin anew.
        if (!(error instanceof TarboxError) || error.code !== 'ENOTSUP') throw error
        await new Promise((resolve) => setTimeout(resolve, AGAIN))
      }
    }
  }

  #hear(heard: SyncStatus): void {
    // Another attempt changes nothing until it has got somewhere.
    const isAttempt = heard.state === 'syncing' && heard.error && !heard.progress
    const status = isAttempt && HINDERED.has(this.#status.state) ? { ...heard, state: this.#status.state } : heard
    this.#latest = status
    const isNews = status.conflicts.length !== this.#status.conflicts.length
    if (isPassing(status) && !isPassing(this.#status) && !isNews)
      this.#timer ||= window.setTimeout(() => this.#show(), BRIEF)
    else this.#show()
  }

  #show(): void {
    clearTimeout(this.#timer)
    this.#timer = 0
    this.#status = this.#latest
    this.changed.tell()
  }
}

function isPassing({ state, error }: SyncStatus): boolean {
  return (state === 'syncing' || state === 'waiting') && !error
}

/** So many files, where that is known. */
function toSend({ ahead }: SyncStatus): string {
  return ahead === undefined || ahead === 0 ? '' : `${ahead.toLocaleString('en')} to send`
}

/** What a status means: the worst of it first. */
export function glance(status: SyncStatus): Glance {
  const { state, error, conflicts, refused, synced } = status
  const kept = 'Everything is saved on this device.'
  const since = synced === undefined ? '' : ` They last met ${ago(synced)}.`
  switch (state) {
    case 'refused': {
      const isKey = error?.code === 'EACCES'
      return {
        kind: 'bad',
        icon: isKey ? 'key' : 'warning',
        text: isKey ? 'Key refused' : 'Refused',
        more: isKey
          ? `The server does not accept the key: it was revoked, has expired, or does not allow this. ${kept} Use another key.`
          : `The server refuses: ${error?.message ?? 'it does not say why'}. ${kept}`,
      }
    }
    case 'full':
      return {
        kind: 'bad',
        icon: 'storage',
        text: 'No room here',
        more: 'There is no room on this device for what the server has. Nothing is lost. Delete something, or free space, and it goes on.',
      }
    case 'offline': {
      const first = conflicts.length > 0 ? count(conflicts.length, 'conflict') : toSend(status)
      const waits = status.ahead ? ` ${count(status.ahead, 'change')} will be sent when it is back.` : ''
      return {
        kind: conflicts.length > 0 ? 'warn' : 'calm',
        icon: 'offline',
        text: ['Offline', first].filter(Boolean).join(' · '),
        more: `The server cannot be reached. ${kept}${waits}${since}`,
      }
    }
  }
  if (conflicts.length > 0)
    return {
      kind: 'warn',
      icon: 'compare',
      text: count(conflicts.length, 'conflict'),
      more: 'Changed here and at the server. Both contents are kept; choose which one stays.',
    }
  const left = Object.keys(refused).length
  if (left > 0)
    return {
      kind: 'warn',
      icon: 'warning',
      text: `${left} not taken`,
      more: 'There is something that one side cannot take from the other. It stays where it is, and is tried again.',
    }
  if (state === 'in step')
    return { kind: 'good', icon: 'check', text: 'In step', more: `This device and the server have the same.${since}` }
  if (error) {
    // What the replica waits for, it says itself.
    const why = `${error.message[0]?.toUpperCase() ?? ''}${error.message.slice(1)}`
    return { kind: 'calm', icon: 'history', text: 'Paused', more: `${why}. ${kept}` }
  }
  return moving(status)
}

function moving(status: SyncStatus): Glance {
  const { send = 0, get = 0, bytes: all = 0, copied = 0 } = status.progress ?? {}
  const parts = [get > 0 && `${get.toLocaleString('en')} to get`, send > 0 && `${send.toLocaleString('en')} to send`]
  const text = parts.filter(Boolean).join(', ') || toSend(status) || 'Syncing'
  const far = all > 0 ? ` ${bytes(Math.min(copied, all))} of ${bytes(all)} are copied.` : ''
  return { kind: 'busy', icon: 'sync', text, more: `This device and the server are meeting.${far}` }
}
