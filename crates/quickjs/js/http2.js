// `http2`: there are no sockets.
'use strict'
module.exports = {
  ...require('internal/missing').missing('http2', [
    'connect',
    'createServer',
    'createSecureServer',
    'getDefaultSettings',
  ]),
  constants: {},
}
