import { createHash, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { codeOf } from '../../code.js'
import { answers } from './beacon.js'

/**
 * Who holds a lock. A process id alone is not enough: the next process may get it, the first one of every container has 1, and
 * another container counts anew.
 */
export interface Owner {
  readonly pid: number
  /** When the process began, in ticks since the machine did. */
  readonly start: string
  /** In which space `pid` and `start` mean something. */
  readonly space: string
  /** This run of this kernel. */
  readonly boot: string
  readonly host: string
}

/** An owner as the name of a file, which no other lock has had or will have. At most 90 bytes. */
export function newName(): string {
  const { pid, start, space, boot, host } = self()
  return [pid, start, space, boot, host, randomBytes(6).toString('hex')].join('-')
}

export function parseName(name: string): Owner | undefined {
  const match = /^(\d+)-(\d+)-(\w+)-(\w+)-(\w+)-[0-9a-f]{12}$/.exec(name)
  if (match === null) return undefined
  const [, pid = '', start = '', space = '', boot = '', host = ''] = match
  return { pid: Number(pid), start, space, boot, host }
}

/** The start of a process where the system does not tell. */
const UNKNOWN = '0'
let known: Owner | undefined

function self(): Owner {
  known ??= {
    pid: process.pid,
    start: stateOf('self') ?? UNKNOWN,
    space: ['pid', 'time'].map(spaceOf).join('_'),
    boot: digest(read('/proc/sys/kernel/random/boot_id') ?? ''),
    host: digest(hostname()),
  }
  return known
}

/** Whether the owner of a lock can still be using it. In doubt it can: two owners would be worse than none. */
export function isAlive(owner: Owner, entry: string): boolean {
  const me = self()
  // The machine has been started since, unless this is another one that sees the same files.
  if (owner.boot !== me.boot) return owner.host !== me.host && isShared(entry)
  // Of a process elsewhere only the socket knows.
  if (owner.space !== me.space) return answers(entry)
  if (!exists(owner.pid)) return false
  const state = stateOf(owner.pid) ?? UNKNOWN
  const isUnknown = owner.start === UNKNOWN || state === UNKNOWN
  // A thread of this process may have ended alone.
  const isThisProcess = owner.pid === me.pid && owner.start === me.start
  return isUnknown || isThisProcess ? answers(entry) : state === owner.start
}

/** An owner in words. */
export function nameOf({ pid, space }: Owner): string {
  const me = self()
  if (space !== me.space) return `process ${pid} in another container`
  return pid === me.pid ? 'this process' : `process ${pid}`
}

/** When a process began, or that it is dead and its parent has not asked about it yet; undefined if the system does not tell. */
function stateOf(pid: number | 'self'): string | undefined {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The second field is a name in brackets, which may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (fields[0] === 'Z' && isLastThread(pid)) || fields[0] === 'X' ? 'dead' : fields[19]
}

/** Whether no other thread of a process is left, which may be writing still. */
function isLastThread(pid: number | 'self'): boolean {
  try {
    return fs.readdirSync(`/proc/${pid}/task`).length <= 1
  } catch {
    return true
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
  return true
}

function spaceOf(kind: string): string {
  try {
    return /\d+/.exec(fs.readlinkSync(`/proc/self/ns/${kind}`))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/** File systems that several machines can have mounted, by their numbers in Linux; what FUSE does, nobody knows. */
const SHARED = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x00c36400, 0x5346414f, 0x65735546, 0x01161970, 0x7461636f,
  0x0bd00bd0, 0x786f4256, 0xbacbacbc,
])

function isShared(entry: string): boolean {
  try {
    return SHARED.has(fs.statfsSync(entry).type)
  } catch {
    return true
  }
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
