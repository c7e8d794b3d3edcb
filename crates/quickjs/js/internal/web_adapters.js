// Web streams from Node's streams, and the other way.
'use strict'
const { codes, AbortError } = require('internal/errors')
const { ReadableStream, WritableStream } = require('stream/web')
const { validateObject } = require('internal/validators')

exports.readableFromWeb = (web, options = {}) => {
  if (typeof web?.getReader !== 'function')
    throw new codes.ERR_INVALID_ARG_TYPE('readableStream', 'ReadableStream', web)
  validateObject(options, 'options')
  const { Readable } = require('stream')
  const reader = web.getReader()
  let closed = false
  const stream = new Readable({
    ...options,
    read() {
      reader.read().then(
        ({ value, done }) =>
          stream.push(
            done
              ? null
              : ArrayBuffer.isView(value) && !options.objectMode
                ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
                : value,
          ),
        (error) => stream.destroy(error),
      )
    },
    destroy(error, callback) {
      if (closed) {
        callback(error)
        return
      }
      reader.cancel(error).then(
        () => callback(error),
        () => callback(error),
      )
    },
  })
  reader.closed.then(
    () => (closed = true),
    (error) => {
      closed = true
      stream.destroy(error)
    },
  )
  return stream
}

exports.readableToWeb = (stream, options = {}) => {
  if (typeof stream?._readableState !== 'object')
    throw new codes.ERR_INVALID_ARG_TYPE('streamReadable', 'stream.Readable', stream)
  if (stream.destroyed || !stream.readable) {
    const ended = new ReadableStream()
    ended.cancel()
    return ended
  }
  const strategy =
    options.strategy ??
    (stream.readableObjectMode
      ? new CountQueuingStrategy({ highWaterMark: stream.readableHighWaterMark })
      : { highWaterMark: stream.readableHighWaterMark, size: (chunk) => chunk.byteLength })
  let controller
  stream.pause()
  const stop = require('stream').finished(stream, (error) => {
    if (error?.code === 'ERR_STREAM_PREMATURE_CLOSE') error = new AbortError(undefined, { cause: error })
    stop()
    stream.on('error', () => {})
    if (error) controller.error(error)
    else controller.close()
  })
  stream.on('data', (chunk) => {
    controller.enqueue(Buffer.isBuffer(chunk) && !stream.readableObjectMode ? new Uint8Array(chunk) : chunk)
    if (controller.desiredSize <= 0) stream.pause()
  })
  return new ReadableStream(
    {
      start: (own) => void (controller = own),
      pull: () => void stream.resume(),
      cancel: (reason) => void stream.destroy(reason),
    },
    strategy,
  )
}

exports.writableFromWeb = (web, options = {}) => {
  if (typeof web?.getWriter !== 'function')
    throw new codes.ERR_INVALID_ARG_TYPE('writableStream', 'WritableStream', web)
  validateObject(options, 'options')
  const { Writable } = require('stream')
  const writer = web.getWriter()
  let closed = false
  const stream = new Writable({
    ...options,
    write(chunk, encoding, callback) {
      const data =
        typeof chunk === 'string' && options.decodeStrings !== false && !options.objectMode
          ? Buffer.from(chunk, encoding)
          : chunk
      writer.ready.then(() => writer.write(data)).then(() => callback(), callback)
    },
    final(callback) {
      ;(closed ? Promise.resolve() : writer.close()).then(() => callback(), callback)
    },
    destroy(error, callback) {
      if (closed || error === null) {
        callback(error)
        return
      }
      writer.abort(error).then(
        () => callback(error),
        () => callback(error),
      )
    },
  })
  writer.closed.then(
    () => (closed = true),
    (error) => {
      closed = true
      stream.destroy(error)
    },
  )
  return stream
}

exports.writableToWeb = (stream) => {
  if (typeof stream?._writableState !== 'object')
    throw new codes.ERR_INVALID_ARG_TYPE('streamWritable', 'stream.Writable', stream)
  let controller
  let drained
  stream.on('drain', () => drained?.())
  stream.on('error', (error) => controller?.error(error))
  stream.on('close', () => drained?.())
  return new WritableStream(
    {
      start: (own) => void (controller = own),
      write: (chunk) => {
        if (stream.writableNeedDrain || !stream.write(chunk)) return new Promise((done) => (drained = done))
        return undefined
      },
      abort: (reason) => void stream.destroy(reason),
      close: () => new Promise((resolve, reject) => stream.end((error) => (error ? reject(error) : resolve()))),
    },
    {
      highWaterMark: stream.writableHighWaterMark,
      size: (chunk) => (stream.writableObjectMode ? 1 : (chunk?.byteLength ?? 1)),
    },
  )
}

exports.duplexFromWeb = (pair, options = {}) => {
  validateObject(pair, 'pair')
  const { Duplex } = require('stream')
  return Duplex.from({
    readable: exports.readableFromWeb(pair.readable, options),
    writable: exports.writableFromWeb(pair.writable, options),
  })
}
exports.duplexToWeb = (stream) => ({ readable: exports.readableToWeb(stream), writable: exports.writableToWeb(stream) })
