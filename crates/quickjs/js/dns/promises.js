'use strict'
module.exports = require('internal/missing').missing('dns/promises', [
  'lookup',
  'lookupService',
  'resolve',
  'resolve4',
  'resolve6',
  'reverse',
  'Resolver',
])
