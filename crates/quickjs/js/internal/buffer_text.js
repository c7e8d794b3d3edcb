// Text to bytes and back, by the usual name of the encoding.
'use strict'

exports.byteLength = (text, encoding) => {
  switch (encoding) {
    case 'utf16le':
      return text.length * 2
    case 'hex':
      return text.length >>> 1
    case 'ascii':
    case 'latin1':
      return text.length
    case 'base64':
    case 'base64url': {
      let length = text.length
      if (length > 0 && text.charCodeAt(length - 1) === 61) length--
      if (length > 1 && text.charCodeAt(length - 1) === 61) length--
      return (length * 3) >>> 2
    }
    default:
      return native.utf8Length(text)
  }
}

exports.encode = (buffer, text, encoding, offset, length) => {
  switch (encoding) {
    case 'utf16le': {
      const count = Math.min(length, text.length * 2) & ~1
      for (let at = 0; at < count; at += 2) {
        const unit = text.charCodeAt(at >> 1)
        buffer[offset + at] = unit & 255
        buffer[offset + at + 1] = unit >> 8
      }
      return count
    }
    case 'hex':
      return native.hexWrite(buffer, text, offset, length)
    case 'ascii':
    case 'latin1':
      return native.latin1Write(buffer, text, offset, length)
    case 'base64':
    case 'base64url':
      return native.base64Write(buffer, text, offset, length)
    default:
      return native.utf8Write(buffer, text, offset, length)
  }
}

exports.decode = (buffer, encoding, start, end) => {
  const length = end - start
  if (length <= 0) return ''
  if (length > 0x1fffffe8) throw new (require('internal/errors').codes.ERR_STRING_TOO_LONG)((0x1fffffe8).toString(16))
  switch (encoding) {
    case 'utf16le': {
      let text = ''
      for (let at = start; at + 1 < end; ) {
        const units = []
        for (; at + 1 < end && units.length < 4096; at += 2) units.push(buffer[at] | (buffer[at + 1] << 8))
        text += String.fromCharCode(...units)
      }
      return text
    }
    case 'hex':
      return native.hexText(buffer, start, length)
    case 'ascii':
      return native.latin1Text(buffer, start, length, 127)
    case 'latin1':
      return native.latin1Text(buffer, start, length, 255)
    case 'base64':
      return native.base64Text(buffer, start, length, false)
    case 'base64url':
      return native.base64Text(buffer, start, length, true)
    default:
      return native.utf8Text(buffer, start, length)
  }
}
