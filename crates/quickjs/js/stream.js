// `stream`: the package readable-stream, which is Node's own code.
'use strict';
const stream = require('vendor/readable-stream/lib/stream');
module.exports = stream;
