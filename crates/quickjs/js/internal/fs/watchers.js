// Watching, from the change feed of the file system: every change is one record with its path.
'use strict'
const EventEmitter = require('events')
const path = require('path')
const { AbortError, codes, uvException } = require('internal/errors')
const validators = require('internal/validators')
const loop = require('internal/loop')
const { getPath, getOptions } = require('internal/fs/check')
const { noStats } = require('internal/fs/stats')

class FSWatcher extends EventEmitter {
  #poll
  #held = false
  #refed = true
  start(filename, { persistent, recursive, encoding }) {
    const text = typeof filename === 'string' ? filename : Buffer.from(filename).toString()
    const root = path.resolve(text)
    const stats = require('fs').statSync(root, { throwIfNoEntry: false })
    if (!stats) throw Object.assign(uvException({ errno: -2, syscall: 'watch', path: text }), { filename: text })
    const isDirectory = stats.isDirectory()
    let last = native.lastChange(root)
    const tell = (kind, name) => {
      this.emit(
        'change',
        kind,
        encoding && encoding !== 'utf8' ? require('internal/fs/check').encoded(Buffer.from(name), encoding) : name,
      )
    }
    // The name under which a change is told; undefined if it is not to be told.
    const named = (changed) => {
      if (!isDirectory) return changed === root ? path.basename(root) : undefined
      if (changed === root) return path.basename(root)
      if (!changed.startsWith(root === '/' ? '/' : `${root}/`)) return undefined
      const below = changed.slice(root === '/' ? 1 : root.length + 1)
      return recursive || !below.includes('/') ? below : undefined
    }
    this.#poll = () => {
      const found = native.changes(root, last)
      if (typeof found === 'number') return
      last = found[0]
      for (let at = 1; at < found.length; at += 3) {
        const [kind, changed, from] = [found[at], found[at + 1], found[at + 2]]
        if (this.#poll === undefined) return
        if (kind === 'rescan') {
          tell('rename', path.basename(root))
          continue
        }
        if (kind === 'rename') {
          const before = named(from)
          if (before !== undefined) tell('rename', before)
        }
        const name = named(changed)
        if (name !== undefined) tell(kind === 'modify' ? 'change' : 'rename', name)
      }
    }
    loop.pollers.add(this.#poll)
    this.#refed = persistent
    if (persistent) this.#hold(true)
  }
  #hold(wanted) {
    if (wanted === this.#held) return
    this.#held = wanted
    if (wanted) loop.hold()
    else loop.letGo()
  }
  close() {
    if (this.#poll === undefined) return
    loop.pollers.delete(this.#poll)
    this.#poll = undefined
    this.#hold(false)
    process.nextTick(() => this.emit('close'))
  }
  ref() {
    if (this.#poll) this.#hold((this.#refed = true))
    return this
  }
  unref() {
    this.#hold((this.#refed = false))
    return this
  }
}

exports.watch = function watch(filename, options, listener) {
  if (typeof options === 'function') listener = options
  options = { persistent: true, recursive: false, ...getOptions(options) }
  filename = getPath(filename, 'filename')
  if (listener !== undefined) validators.validateFunction(listener, 'listener')
  validators.validateBoolean(options.persistent, 'options.persistent')
  validators.validateBoolean(options.recursive, 'options.recursive')
  const watcher = new FSWatcher()
  if (listener) watcher.addListener('change', listener)
  watcher.start(filename, options)
  if (options.signal) {
    if (options.signal.aborted) process.nextTick(() => watcher.close())
    else {
      const stop = () => watcher.close()
      options.signal.addEventListener('abort', stop)
      watcher.once('close', () => options.signal.removeEventListener('abort', stop))
    }
  }
  return watcher
}
exports.FSWatcher = FSWatcher

exports.watchAsync = async function* watchAsync(filename, options = {}) {
  validators.validateObject(options, 'options')
  const {
    persistent = true,
    recursive = false,
    encoding = 'utf8',
    maxQueue = 2048,
    overflow = 'ignore',
    signal,
  } = options
  filename = getPath(filename, 'filename')
  validators.validateBoolean(persistent, 'options.persistent')
  validators.validateBoolean(recursive, 'options.recursive')
  validators.validateInteger(maxQueue, 'options.maxQueue')
  if (overflow !== 'ignore' && overflow !== 'error') throw new codes.ERR_INVALID_ARG_VALUE('overflow', overflow)
  validators.validateAbortSignal(signal, 'options.signal')
  if (encoding && !Buffer.isEncoding(encoding) && encoding !== 'buffer')
    throw new codes.ERR_INVALID_ARG_VALUE('encoding', encoding, 'is invalid encoding')
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
  const events = []
  let wake
  let overflowed = false
  const watcher = exports.watch(filename, { persistent, recursive, encoding }, (eventType, name) => {
    if (events.length < maxQueue) events.push({ eventType, filename: name })
    else if (overflow === 'error') overflowed = true
    else process.emitWarning('fs.watch maxQueue exceeded')
    wake?.()
  })
  const stop = () => wake?.()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      if (events.length === 0 && !overflowed) await new Promise((done) => (signal?.aborted ? done() : (wake = done)))
      if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
      if (overflowed) throw new codes.ERR_FS_WATCH_QUEUE_OVERFLOW(maxQueue)
      while (events.length > 0) yield events.shift()
    }
  } finally {
    watcher.close()
    signal?.removeEventListener('abort', stop)
  }
}

// watchFile: what `stat` says, before and after.
const watched = new Map()
class StatWatcher extends EventEmitter {
  #timer
  #previous
  start(file, { bigint, persistent, interval }) {
    const fs = require('fs')
    const look = () => fs.statSync(file, { bigint, throwIfNoEntry: false }) ?? noStats(bigint)
    this.#previous = look()
    const missing = Number(this.#previous.ino) === 0
    if (missing) loop.later(() => this.emit('change', this.#previous, this.#previous))
    this.#timer = setInterval(() => {
      const now = look()
      const same = ['ino', 'mtimeMs', 'ctimeMs', 'size', 'mode', 'nlink'].every(
        (key) => now[key] === this.#previous[key],
      )
      if (same) return
      const before = this.#previous
      this.#previous = now
      this.emit('change', now, before)
    }, interval)
    if (!persistent) this.#timer.unref()
  }
  stop() {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    process.nextTick(() => this.emit('stop'))
  }
  ref() {
    this.#timer?.ref()
    return this
  }
  unref() {
    this.#timer?.unref()
    return this
  }
}
exports.watchFile = function watchFile(filename, options, listener) {
  const file = path.resolve(getPath(filename).toString())
  if (options === null || typeof options !== 'object') {
    listener = options
    options = {}
  }
  options = { interval: 5007, persistent: true, bigint: false, ...options }
  validators.validateFunction(listener, 'listener')
  let watcher = watched.get(file)
  if (watcher === undefined) {
    watched.set(file, (watcher = new StatWatcher()))
    watcher.start(file, options)
  }
  watcher.addListener('change', listener)
  return watcher
}
exports.unwatchFile = function unwatchFile(filename, listener) {
  const file = path.resolve(getPath(filename).toString())
  const watcher = watched.get(file)
  if (watcher === undefined) return
  if (listener === undefined) watcher.removeAllListeners('change')
  else watcher.removeListener('change', listener)
  if (watcher.listenerCount('change') === 0) {
    watcher.stop()
    watched.delete(file)
  }
}
