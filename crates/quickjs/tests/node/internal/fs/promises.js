// `fs/promises` under the name that tests of Node.js know.
'use strict'
module.exports = { exports: require('fs/promises'), FileHandle: require('internal/fs/handle').FileHandle }
