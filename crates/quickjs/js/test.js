// `node:test`: tests, suites, hooks, mocks, told in TAP.
'use strict'
const { AsyncResource } = require('async_hooks')
const { mock, MockTracker } = require('internal/mocks')
const loop = require('internal/loop')

let number = 0
let failures = 0
let last = Promise.resolve()
let current
const root = {
  hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
  parent: undefined,
  name: '',
  started: false,
  only: false,
}

function parseArgs(name, options, fn) {
  if (typeof name === 'function') [fn, name, options] = [name, name.name, {}]
  else if (name !== null && typeof name === 'object') [fn, options, name] = [options, name, undefined]
  else if (typeof options === 'function') [fn, options] = [options, {}]
  return { name: `${name ?? fn?.name ?? ''}` || '<anonymous>', options: options ?? {}, fn: fn ?? (() => {}) }
}

// Runs a function that may take a callback.
function call(fn, receiver, args) {
  if (fn.length > args.length) {
    return new Promise((resolve, reject) =>
      Reflect.apply(fn, receiver, [...args, (error) => (error ? reject(error) : resolve())]),
    )
  }
  return Reflect.apply(fn, receiver, args)
}
function within(ms, signal, promise) {
  if (ms === undefined || ms === Infinity) return promise
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`test timed out after ${ms}ms`)), ms)
    Promise.resolve(promise).then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
const chain = (suite) => (suite === undefined ? [] : [...chain(suite.parent), suite])

class TestContext {
  #controller = new AbortController()
  constructor(name, parent) {
    this.name = name
    this.fullName = parent?.fullName ? `${parent.fullName} > ${name}` : name
    this.own = {
      hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
      parent: undefined,
      children: [],
      skipped: undefined,
      failed: 0,
      planned: undefined,
      counted: 0,
    }
    Object.defineProperty(this, 'own', { enumerable: false })
    this.mock = new MockTracker()
    const assert = require('assert')
    const counted =
      (fn) =>
      (...args) => {
        this.own.counted++
        return fn(...args)
      }
    this.assert = Object.fromEntries(
      Object.entries(assert)
        .filter(([, value]) => typeof value === 'function')
        .map(([key, value]) => [key, counted(value)]),
    )
  }
  get signal() {
    return this.#controller.signal
  }
  abort() {
    this.#controller.abort()
  }
  test(...args) {
    this.own.counted++
    const { name, options, fn } = parseArgs(...args)
    const run = runTest(name, options, fn, this)
    this.own.children.push(run)
    return run
  }
  before(fn) {
    return Promise.resolve(call(fn, this, [this]))
  }
  after(fn) {
    this.own.hooks.after.push(fn)
  }
  beforeEach(fn) {
    this.own.hooks.beforeEach.push(fn)
  }
  afterEach(fn) {
    this.own.hooks.afterEach.push(fn)
  }
  diagnostic(message) {
    print(`# ${message}`)
  }
  skip(message) {
    this.own.skipped = message ?? true
  }
  todo(message) {
    this.own.todo = message ?? true
  }
  plan(count) {
    this.own.planned = count
  }
  runOnly() {}
}
const print = (line) => native.print(1, `${line}\n`)

async function runTest(name, options, fn, parent, suite) {
  if (options.skip)
    return tell(name, undefined, `# SKIP${typeof options.skip === 'string' ? ` ${options.skip}` : ''}`, parent)
  const context = new TestContext(name, parent)
  const suites = chain(suite)
  let error
  try {
    for (const one of suites) for (const hook of one.hooks.beforeEach) await call(hook, context, [context])
    for (const hook of parent?.own.hooks.beforeEach ?? []) await call(hook, context, [context])
    await within(options.timeout, options.signal, call(fn, context, [context]))
    const children = await Promise.all(context.own.children)
    if (children.some((one) => one === false))
      throw new Error(`${children.filter((one) => one === false).length} subtest failed`)
    const planned = options.plan ?? context.own.planned
    if (planned !== undefined && planned !== context.own.counted)
      throw new Error(`plan expected ${planned} assertions but received ${context.own.counted}`)
  } catch (thrown) {
    error = thrown ?? new Error(`${thrown}`)
  }
  try {
    for (const hook of parent?.own.hooks.afterEach ?? []) await call(hook, context, [context])
    for (const one of suites.reverse()) for (const hook of one.hooks.afterEach) await call(hook, context, [context])
    for (const hook of context.own.hooks.after) await call(hook, context, [context])
  } catch (thrown) {
    error ??= thrown
  }
  context.mock.reset()
  context.abort()
  const todo = options.todo ?? context.own.todo
  const mark = context.own.skipped ? '# SKIP' : todo ? '# TODO' : ''
  return tell(name, todo ? undefined : error, mark, parent)
}

function tell(name, error, mark, parent) {
  const indent = parent ? '    ' : ''
  print(`${indent}${error ? 'not ok' : 'ok'} ${++number} - ${name}${mark ? ` ${mark}` : ''}`)
  if (!error) return true
  const shown = require('internal/inspect').inspect(error)
  print(`${indent}  ---\n${shown.replace(/^/gm, `${indent}  `)}\n${indent}  ...`)
  if (!parent) {
    failures++
    process.exitCode = 1
  }
  return false
}

function enqueue(work) {
  loop.hold()
  const done = last.then(work).finally(() => loop.letGo())
  last = done.catch(() => {})
  return done
}
async function begin(suite) {
  for (const one of chain(suite)) {
    if (one.started) continue
    one.started = true
    for (const hook of one.hooks.before) await call(hook, {}, [{ name: one.name }])
  }
}

function test(...args) {
  const { name, options, fn } = parseArgs(...args)
  const suite = current ?? root
  if (options.only) root.only = true
  return enqueue(async () => {
    await begin(suite)
    await runTest(name, options, AsyncResource.bind(fn, 'test'), undefined, suite)
  })
}
function describe(...args) {
  const { name, options, fn } = parseArgs(...args)
  const suite = {
    hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
    parent: current ?? root,
    name,
    started: false,
  }
  if (options.skip) return Promise.resolve(tell(name, undefined, '# SKIP'))
  const before = current
  current = suite
  try {
    const result = fn.call({ name }, { name, signal: new AbortController().signal })
    if (typeof result?.then === 'function') enqueue(() => result)
  } finally {
    current = before
  }
  return enqueue(async () => {
    for (const hook of suite.hooks.after) await call(hook, {}, [{ name }])
  })
}
for (const fn of [test, describe]) {
  fn.skip = (...args) => {
    const { name, options } = parseArgs(...args)
    return fn(name, { ...options, skip: true }, () => {})
  }
  fn.todo = (...args) => {
    const parsed = parseArgs(...args)
    return fn(parsed.name, { ...parsed.options, todo: true }, parsed.fn)
  }
  fn.only = (...args) => fn(...args)
}
const hook = (kind) => (fn) => void (current ?? root).hooks[kind].push(fn)
process.on('beforeExit', () => {
  const hooks = root.hooks.after.splice(0)
  if (hooks.length > 0)
    enqueue(async () => {
      for (const one of hooks) await call(one, {}, [{}])
    })
})
process.on('exit', () => {
  if (number > 0) print(`1..${number}\n# tests ${number}\n# fail ${failures}`)
})

module.exports = Object.assign(test, {
  test,
  it: test,
  describe,
  suite: describe,
  before: hook('before'),
  after: hook('after'),
  beforeEach: hook('beforeEach'),
  afterEach: hook('afterEach'),
  mock,
  run() {
    throw new (require('internal/errors').codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM)('test.run()')
  },
})
