// `dns`: there are no names to ask for.
'use strict'
module.exports = {
  ...require('internal/missing').missing('dns', [
    'lookup',
    'lookupService',
    'resolve',
    'resolve4',
    'resolve6',
    'reverse',
    'Resolver',
  ]),
  getServers: () => [],
  setServers() {},
  setDefaultResultOrder() {},
  getDefaultResultOrder: () => 'verbatim',
  ADDRCONFIG: 32,
  ALL: 16,
  V4MAPPED: 8,
}
Object.defineProperty(module.exports, 'promises', { enumerable: true, get: () => require('dns/promises') })
