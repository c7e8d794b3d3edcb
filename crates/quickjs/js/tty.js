// `tty`.
'use strict'
module.exports = {
  ...require('internal/missing').missing('tty', ['ReadStream', 'WriteStream']),
  isatty: (fd) => Number.isInteger(fd) && fd >= 0 && fd <= 2 && native.terminals[fd],
}
