// `inspector`: there is none.
'use strict'
module.exports = {
  ...require('internal/missing').missing('inspector', ['Session', 'open']),
  close() {},
  url: () => undefined,
  waitForDebugger() {},
  console: globalThis.console,
}
