// Modules for what a script cannot reach: other programs, the network, other threads. They can be required, as many packages do at
// their beginning; what would need the host fails when it is called.
'use strict'
const { codes } = require('internal/errors')

exports.missing = function missing(module, names) {
  const made = {}
  for (const name of names) {
    const isClass = /^[A-Z]/.test(name)
    made[name] = {
      [name]: isClass
        ? class {
            constructor() {
              throw new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`${module}.${name}`)
            }
          }
        : function () {
            throw new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`${module}.${name}()`)
          },
    }[name]
  }
  return made
}
