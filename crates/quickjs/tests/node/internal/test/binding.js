// What tests of Node.js take from its bindings and is a fact, not a part of Node's own making.
'use strict'
const { binding } = require('internal/bindings')
exports.internalBinding = binding
exports.primordials = globalThis
