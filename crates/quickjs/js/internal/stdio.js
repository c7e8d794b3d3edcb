// The standard streams.
'use strict'

function output(fd, name) {
  const { Writable } = require('stream')
  const terminal = native.terminals[fd]
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, encoding, callback) {
      const data =
        typeof chunk === 'string' && encoding !== 'utf8' && encoding !== 'utf-8' ? Buffer.from(chunk, encoding) : chunk
      const result = native.print(fd, data)
      callback(result < 0 ? require('internal/errors').uvException({ errno: result, syscall: 'write' }) : null)
    },
  })
  stream.fd = fd
  stream._type = terminal ? 'tty' : 'pipe'
  stream._isStdio = true
  stream.readable = false
  if (terminal) {
    Object.assign(stream, {
      isTTY: true,
      columns: 80,
      rows: 24,
      getColorDepth: () => 8,
      hasColors: (count = 16) => count <= 256,
      getWindowSize: () => [80, 24],
      clearLine: (dir, callback) => require('readline').clearLine(stream, dir, callback),
      cursorTo: (x, y, callback) => require('readline').cursorTo(stream, x, y, callback),
      moveCursor: (dx, dy, callback) => require('readline').moveCursor(stream, dx, dy, callback),
      clearScreenDown: (callback) => require('readline').clearScreenDown(stream, callback),
    })
  }
  stream.destroySoon = stream.destroy
  stream._destroy = function (error, callback) {
    callback(error)
  }
  Object.defineProperty(stream, 'name', { value: name, enumerable: false })
  return stream
}
exports.stdout = () => output(1, 'stdout')
exports.stderr = () => output(2, 'stderr')

exports.stdin = () => {
  const { Readable } = require('stream')
  const loop = require('internal/loop')
  let held = false
  const hold = (wanted) => {
    if (wanted === held) return
    held = wanted
    if (wanted) {
      loop.hold()
      loop.pollers.add(poll)
    } else {
      loop.letGo()
      loop.pollers.delete(poll)
    }
    loop.wantInput(wanted)
  }
  function poll() {
    const piece = native.stdin(false)
    if (piece === undefined) return
    hold(false)
    stream.push(piece === null ? null : Buffer.from(piece.buffer))
  }
  const stream = new Readable({
    highWaterMark: 65536,
    read() {
      hold(true)
    },
    destroy(error, callback) {
      hold(false)
      callback(error)
    },
  })
  stream.fd = 0
  if (native.terminals[0]) {
    stream.isTTY = true
    stream.isRaw = false
    stream.setRawMode = () => stream
  }
  stream.ref = () => stream
  stream.unref = () => {
    hold(false)
    return stream
  }
  stream.on('pause', () => hold(false))
  return stream
}
