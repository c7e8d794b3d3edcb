// `net`: there are no sockets.
'use strict'
const isIPv4 = (text) => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(`${text}`)
const isIPv6 = (text) =>
  `${text}`.includes(':') && native.urlParse(`http://[${`${text}`.replace(/%.*/, '')}]/`, undefined) !== null
module.exports = {
  ...require('internal/missing').missing('net', [
    'Server',
    'Socket',
    'Stream',
    'connect',
    'createConnection',
    'createServer',
    'BlockList',
    'SocketAddress',
  ]),
  isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0),
  isIPv4,
  isIPv6,
  getDefaultAutoSelectFamily: () => true,
  setDefaultAutoSelectFamily() {},
  getDefaultAutoSelectFamilyAttemptTimeout: () => 250,
  setDefaultAutoSelectFamilyAttemptTimeout() {},
}
