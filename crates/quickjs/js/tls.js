// `tls`: there are no sockets.
'use strict'
module.exports = {
  ...require('internal/missing').missing('tls', [
    'Server',
    'TLSSocket',
    'connect',
    'createServer',
    'createSecureContext',
  ]),
  rootCertificates: [],
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
}
