// Ending a stream by an error from inside, as Node's own streams do.
'use strict'
exports.destroy = (stream, error) => {
  stream.destroy(error)
}
