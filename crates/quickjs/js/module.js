'use strict'
module.exports = require('internal/cjs').Module
module.exports.stripTypeScriptTypes = (code) => require('internal/typescript').strip(code, 'code.ts')
