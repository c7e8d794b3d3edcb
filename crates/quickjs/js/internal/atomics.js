// `Atomics` where the engine has none, because there is one thread: each operation is one anyway.
'use strict'
const { codes } = require('internal/errors')

const WORDS = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array]

function place(array, index) {
  if (!WORDS.some((type) => array instanceof type)) throw new TypeError('integer TypedArray expected')
  const at = Math.trunc(Number(index)) || 0
  if (at < 0 || at >= array.length) throw new RangeError('out-of-bound access')
  return at
}
const numberFor = (array, value) => (typeof array[0] === 'bigint' ? BigInt(value) : Math.trunc(Number(value)) || 0)
const changed = (operation) => (array, index, value) => {
  const at = place(array, index)
  const operand = numberFor(array, value)
  const before = array[at]
  array[at] = operation(before, operand)
  return before
}

module.exports = {
  add: changed((a, b) => a + b),
  and: changed((a, b) => a & b),
  exchange: changed((_, b) => b),
  or: changed((a, b) => a | b),
  sub: changed((a, b) => a - b),
  xor: changed((a, b) => a ^ b),
  compareExchange(array, index, expected, replacement) {
    const at = place(array, index)
    const [wanted, value] = [array.constructor.of(numberFor(array, expected))[0], numberFor(array, replacement)]
    const before = array[at]
    if (before === wanted) array[at] = value
    return before
  },
  isLockFree: (size) => [1, 2, 4, 8].includes(size),
  load: (array, index) => array[place(array, index)],
  store(array, index, value) {
    const stored = numberFor(array, value)
    array[place(array, index)] = stored
    return stored
  },
  notify(array, index) {
    place(array, index)
    return 0
  },
  // Nobody could wake who waits.
  wait(array, index, value, timeout = Infinity) {
    const at = place(array, index)
    if (array[at] !== numberFor(array, value)) return 'not-equal'
    if (timeout === Infinity) throw new codes.ERR_INVALID_ARG_VALUE('timeout', timeout, 'would be for ever')
    native.wait(Math.max(0, Number(timeout) || 0), false, false)
    return 'timed-out'
  },
}
Object.defineProperty(module.exports, Symbol.toStringTag, { value: 'Atomics', configurable: true })
