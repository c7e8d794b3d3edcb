// `process.binding`, which has been deprecated for long: what old packages look for in it.
'use strict'
const { codes } = require('internal/errors')

const bindings = {
  __proto__: null,
  constants: () => ({
    os: require('os').constants,
    fs: require('internal/fs/constants'),
    crypto: {},
    zlib: require('zlib').constants,
    trace: {},
  }),
  natives: () => Object.fromEntries(require('internal/builtins').builtins.map((name) => [name, ''])),
  util: () => {
    const types = require('util/types')
    const names =
      'AnyArrayBuffer ArrayBuffer ArrayBufferView AsyncFunction DataView Date External Map MapIterator NativeError Promise RegExp Set SetIterator TypedArray Uint8Array'
    return Object.fromEntries(names.split(' ').map((name) => [`is${name}`, types[`is${name}`]]))
  },
  uv: () => {
    const { errnames, errnos } = require('internal/errnos')
    return {
      errname: (number) => errnames.get(number)?.[0] ?? `Unknown system error ${number}`,
      getErrorMap: () => new Map([...errnames].map(([number, pair]) => [number, [...pair]])),
      ...Object.fromEntries([...errnos].map(([name, number]) => [`UV_${name}`, number])),
    }
  },
}
const made = new Map()

exports.binding = function binding(name) {
  if (bindings[name] === undefined) throw new codes.ERR_INVALID_MODULE(name)
  if (!made.has(name)) made.set(name, bindings[name]())
  return made.get(name)
}
