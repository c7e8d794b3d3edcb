// An old name.
'use strict'
module.exports = require('stream').Readable
