// The global console is the module.
'use strict'
module.exports = globalThis.console
