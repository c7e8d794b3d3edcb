// `dgram`: there are no sockets.
'use strict'
module.exports = require('internal/missing').missing('dgram', ['Socket', 'createSocket'])
