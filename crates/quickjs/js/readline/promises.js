// `readline/promises`.
'use strict'
const readline = require('readline')
class Interface extends readline.Interface {
  question(query, options) {
    return readline.Interface.prototype.question[require('internal/util').promisify.custom].call(
      { question: (...args) => super.question(...args) },
      query,
      options,
    )
  }
}
module.exports = { Interface, createInterface: (...args) => new Interface(...args) }
