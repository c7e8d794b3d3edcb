// What a stream does about an error from inside: it is destroyed, unless it was asked not to be.
'use strict'
exports.fail = (stream, error) => {
  const { autoDestroy } = stream._readableState ?? stream._writableState
  if (autoDestroy) stream.destroy(error)
  else stream.emit('error', error)
}
