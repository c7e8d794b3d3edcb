/** Tests of places that only browsers have are left out. */
export { assert, equal, fails } from '../../../browser-tests/src/asserts.ts'
export function test() {}
