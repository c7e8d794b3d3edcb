import * as assert from 'uvu/assert'
import { compare } from 'uvu/diff'
for (const check of [
  () => assert.is(1, 1),
  () => assert.equal({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }),
  () =>
    assert.throws(() => {
      throw new TypeError('no')
    }, /no/),
  () => assert.match('abc', /d/),
  () => assert.instance(new Date(), Map),
  () => assert.snapshot('a\nb', 'a\nc'),
])
  try {
    check()
    console.log('passed')
  } catch (error) {
    console.log(error.name, error.code, error.message, error.operator)
  }
console.log(JSON.stringify(compare('a\nb\nc', 'a\nx\nc')))
