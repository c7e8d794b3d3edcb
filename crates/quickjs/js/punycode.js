// `punycode`, by way of the rules for host names.
'use strict'
const toASCII = (text) =>
  text.replace(/[^.@]+/g, (label) => (/[^\x00-\x7f]/.test(label) ? native.domainToASCII(label) : label))
module.exports = {
  version: '2.1.0',
  ucs2: {
    decode: (text) => Array.from(text, (one) => one.codePointAt(0)),
    encode: (points) => String.fromCodePoint(...points),
  },
  decode: (text) => native.domainToUnicode(`xn--${text}`),
  encode: (text) => native.domainToASCII(text).replace(/^xn--/, ''),
  toASCII,
  toUnicode: (text) => text.replace(/xn--[^.@]+/gi, (label) => native.domainToUnicode(label)),
}
