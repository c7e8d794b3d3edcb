// What sucrase asks for and this use of it does not need: maps of sources, checks of options. Places of errors are told.
'use strict'
exports.createCheckers = () => ({ Options: { strictCheck() {} } })
exports.LinesAndColumns = class {
  constructor(text) {
    this.text = text
  }
  locationForIndex(index) {
    const before = this.text.slice(0, index).split('\n')
    return { line: before.length - 1, column: before.at(-1).length }
  }
}
exports.default = exports.LinesAndColumns
