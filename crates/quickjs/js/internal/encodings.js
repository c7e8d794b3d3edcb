// Names of encodings.
'use strict'
const NORMAL = new Map([
  ['utf8', 'utf8'],
  ['utf-8', 'utf8'],
  ['ucs2', 'utf16le'],
  ['ucs-2', 'utf16le'],
  ['utf16le', 'utf16le'],
  ['utf-16le', 'utf16le'],
  ['latin1', 'latin1'],
  ['binary', 'latin1'],
  ['base64', 'base64'],
  ['base64url', 'base64url'],
  ['hex', 'hex'],
  ['ascii', 'ascii'],
])

// The usual name of an encoding; undefined if it is none. No name at all is UTF-8.
exports.normalizeEncoding = (encoding) => {
  if (encoding == null || encoding === '' || encoding === 'utf8' || encoding === 'utf-8') return 'utf8'
  return NORMAL.get(encoding) ?? NORMAL.get(`${encoding}`.toLowerCase())
}
