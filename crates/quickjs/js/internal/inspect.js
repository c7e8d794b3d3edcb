// `util.inspect` and `util.format`: the package node-inspect-extracted, which is Node's own code, on this engine.
'use strict'
const extracted = require('npm/node-inspect-extracted/dist/inspect')
const { inspect, format, formatWithOptions, stripVTControlCharacters } = extracted

exports.inspect = inspect
exports.format = format
exports.formatWithOptions = formatWithOptions
exports.stripVTControlCharacters = stripVTControlCharacters
