// `https`: as `http`.
'use strict'
const { Agent } = require('http')
module.exports = {
  ...require('internal/missing').missing('https', ['Server', 'createServer', 'get', 'request']),
  Agent,
  globalAgent: new Agent(),
}
