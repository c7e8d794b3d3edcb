// `node:sqlite`, as Node.js 22 has it. A database is a file of the workspace, which one process at a time has open.
'use strict'
const { codes } = require('internal/errors')

const fail = (Base, code, message) => {
  throw Object.assign(new Base(message), { code })
}
const wrongType = (message) => fail(TypeError, 'ERR_INVALID_ARG_TYPE', message)
const wrongState = (message) => fail(Error, 'ERR_INVALID_STATE', message)

function boolean(value, name) {
  if (typeof value !== 'boolean') wrongType(`The "${name}" argument must be a boolean.`)
  return value
}

function pathOf(value) {
  let path = value
  if (value instanceof Uint8Array) path = Buffer.from(value).toString()
  else if (value instanceof URL) {
    if (value.protocol !== 'file:') fail(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file:')
    path = require('url').fileURLToPath(value)
  }
  if (typeof path !== 'string' || path.includes('\0'))
    wrongType('The "path" argument must be a string, Uint8Array, or URL without null bytes.')
  if (path === ':memory:' || path === '') return { path }
  let readOnly = false
  if (/^file:/i.test(path)) {
    const url = new URL(path, 'file:///')
    readOnly = url.searchParams.get('mode') === 'ro'
    if (url.searchParams.get('mode') === 'memory') return { path: ':memory:' }
    path = require('url').fileURLToPath(url)
  }
  path = require('path').resolve(path)
  try {
    // Links are followed here: SQLite knows databases by their names.
    path = require('fs').realpathSync(path)
  } catch (error) {
    if (error.code !== 'ENOENT') return { path, readOnly }
  }
  return { path, readOnly }
}

const FLAGS = ['open', 'readOnly', 'enableForeignKeyConstraints', 'enableDoubleQuotedStringLiterals', 'allowExtension']
const STATEMENT_FLAGS = ['readBigInts', 'returnArrays', 'allowBareNamedParameters', 'allowUnknownNamedParameters']
const DETERMINISTIC = 0x800
const DIRECT_ONLY = 0x80000

const own = Symbol('own')

class DatabaseSync {
  #path
  #options
  #connection
  #functions = []
  constructor(path, options = {}) {
    this.#path = pathOf(path)
    if (typeof options !== 'object' || options === null) wrongType('The "options" argument must be an object.')
    this.#options = {
      open: true,
      readOnly: false,
      enableForeignKeyConstraints: true,
      enableDoubleQuotedStringLiterals: false,
      allowBareNamedParameters: true,
      timeout: 0,
    }
    for (const name of [...FLAGS, ...STATEMENT_FLAGS])
      if (options[name] !== undefined) this.#options[name] = boolean(options[name], `options.${name}`)
    if (options.timeout !== undefined) {
      if (!Number.isInteger(options.timeout)) wrongType('The "options.timeout" argument must be an integer.')
      this.#options.timeout = options.timeout
    }
    Object.defineProperties(this, GETTERS)
    if (this.#options.open) this.open()
  }
  static isOpen(database) {
    return database.#connection !== undefined
  }
  // The connection, and the functions that SQL may call.
  static [own](database) {
    if (database.#connection === undefined) wrongState('database is not open')
    return [database.#connection, database.#functions]
  }
  open() {
    if (this.#connection !== undefined) wrongState('database is already open')
    if (native.sqliteOpen === undefined) throw new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('node:sqlite')
    const { path, readOnly } = this.#path
    const options = this.#options
    const connection = native.sqliteOpen(path, options.readOnly || readOnly === true, Math.max(options.timeout, 0))
    connection.configure('foreignKeys', options.enableForeignKeyConstraints)
    connection.configure('doubleQuotes', options.enableDoubleQuotedStringLiterals)
    this.#functions = []
    this.#connection = connection
  }
  close() {
    const [connection] = DatabaseSync[own](this)
    if (!connection.close()) wrongState('database is in use by a function')
    this.#connection = undefined
  }
  exec(sql) {
    const [connection, functions] = DatabaseSync[own](this)
    if (typeof sql !== 'string') wrongType('The "sql" argument must be a string.')
    connection.exec(functions, sql)
  }
  prepare(sql) {
    const [connection, functions] = DatabaseSync[own](this)
    if (typeof sql !== 'string') wrongType('The "sql" argument must be a string.')
    return new StatementSync(own, connection, functions, connection.prepare(sql), sql, this.#options)
  }
  function(name, options, callback) {
    const [connection, functions] = DatabaseSync[own](this)
    if (typeof name !== 'string') wrongType('The "name" argument must be a string.')
    let settings = {}
    let fn = callback
    if (arguments.length < 3) fn = options
    else if (typeof options !== 'object' || options === null) wrongType('The "options" argument must be an object.')
    else settings = options
    if (typeof fn !== 'function') wrongType('The "function" argument must be a function.')
    const is = (flag) => settings[flag] !== undefined && boolean(settings[flag], `options.${flag}`)
    const [big, varargs] = [is('useBigIntArguments'), is('varargs')]
    const flags = (is('deterministic') ? DETERMINISTIC : 0) | (is('directOnly') ? DIRECT_ONLY : 0)
    functions.push(fn)
    connection.define(name, functions.length - 1, varargs ? -1 : fn.length, big, flags)
  }
  location(name = 'main') {
    const [connection] = DatabaseSync[own](this)
    if (typeof name !== 'string') wrongType('The "dbName" argument must be a string.')
    return connection.location(name) ?? null
  }
  enableLoadExtension(allow) {
    DatabaseSync[own](this)
    if (boolean(allow, 'allow'))
      wrongState('Cannot enable extension loading because it was disabled at database creation.')
  }
  loadExtension() {
    DatabaseSync[own](this)
    wrongState('extension loading is not allowed')
  }
  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    try {
      this.close()
    } catch {}
  }
  get [Symbol.for('sqlite-type')]() {
    return 'node:sqlite'
  }
}

const getter = (get) => ({ get, enumerable: true, configurable: true })
const GETTERS = {
  isOpen: getter(function isOpen() {
    return DatabaseSync.isOpen(this)
  }),
  isTransaction: getter(function isTransaction() {
    return DatabaseSync[own](this)[0].isTransaction()
  }),
}

class StatementSync {
  #connection
  #functions
  #native
  #sql
  #bare
  #unknown
  #arrays
  #big
  #bareNames
  // A run that is begun later ends an iterator.
  #run = 0
  constructor(key, connection, functions, statement, sql, options) {
    if (key !== own) fail(Error, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor')
    this.#connection = connection
    this.#functions = functions
    this.#native = statement
    this.#sql = sql
    this.#bare = options.allowBareNamedParameters
    this.#unknown = options.allowUnknownNamedParameters ?? false
    this.#arrays = options.returnArrays ?? false
    this.#big = options.readBigInts ?? false
    Object.defineProperties(this, STATEMENT_GETTERS)
  }
  static [own](statement) {
    statement.#live()
    return { sourceSQL: statement.#sql, expandedSQL: statement.#native.expanded() }
  }
  #live() {
    if (this.#native === null || this.#native.isEnded()) wrongState('statement has been finalized')
  }
  #step(most) {
    return this.#native.step(this.#functions, most, this.#arrays, this.#big)
  }
  #bindOne(index, value) {
    let bound = value
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value)
      fail(TypeError, 'ERR_INVALID_ARG_VALUE', 'BigInt value is too large to bind.')
    if (ArrayBuffer.isView(value)) bound = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    if ((typeof value === 'object' && value !== null && bound === value) || !this.#native.bind(index, bound))
      wrongType(`Provided value cannot be bound to SQLite parameter ${index}.`)
  }
  #named(name) {
    const { names } = this.#native
    const whole = names.indexOf(name)
    if (whole !== -1 && name !== '') return whole + 1
    if (!this.#bare) return 0
    if (this.#bareNames === undefined) {
      this.#bareNames = new Map()
      for (const [at, full] of names.entries()) {
        if (full === '') continue
        const bare = full.slice(1)
        const other = this.#bareNames.get(bare)
        if (other !== undefined)
          wrongState(
            `Cannot create bare named parameter '${bare}' because of conflicting names '${names[other - 1]}' and '${full}'.`,
          )
        this.#bareNames.set(bare, at + 1)
      }
    }
    return this.#bareNames.get(name) ?? 0
  }
  #begin(values) {
    this.#live()
    this.#run++
    this.#native.reset()
    this.#native.clear()
    let first = 0
    const object = values[0]
    if (typeof object === 'object' && object !== null && !ArrayBuffer.isView(object)) {
      first = 1
      for (const name of Object.keys(object)) {
        const index = this.#named(name)
        if (index !== 0) this.#bindOne(index, object[name])
        else if (!this.#unknown) wrongState(`Unknown named parameter '${name}'`)
      }
    }
    const { names } = this.#native
    let index = 1
    for (let at = first; at < values.length; at++) {
      while (names[index - 1]) index++
      this.#bindOne(index++, values[at])
    }
  }
  // Runs it, and leaves it at its beginning.
  #whole(values, most) {
    this.#begin(values)
    try {
      return this.#step(most)
    } finally {
      if (!this.#native.isEnded()) this.#native.reset()
    }
  }
  all(...values) {
    return this.#whole(values, Infinity)
  }
  get(...values) {
    return this.#whole(values, 1)[0]
  }
  run(...values) {
    this.#whole(values, 1)
    const [changes, lastInsertRowid] = this.#connection.changes()
    if (this.#big) return { lastInsertRowid, changes }
    return { lastInsertRowid: Number(lastInsertRowid), changes: Number(changes) }
  }
  iterate(...values) {
    this.#begin(values)
    const run = this.#run
    const end = () => ({ __proto__: null, done: true, value: null })
    let done = false
    const check = () => {
      this.#live()
      if (run !== this.#run) wrongState('iterator was invalidated')
    }
    const iterator = Object.create(StatementSyncIterator.prototype)
    const methods = {
      next: () => {
        if (done) return end()
        check()
        const [value] = this.#step(1)
        if (value !== undefined) return { __proto__: null, done: false, value }
        done = true
        this.#native.reset()
        return end()
      },
      return: () => {
        if (!done) {
          check()
          done = true
          this.#native.reset()
        }
        return end()
      },
    }
    for (const [name, value] of Object.entries(methods)) Object.defineProperty(iterator, name, { value })
    return iterator
  }
  columns() {
    this.#live()
    return this.#native.columns().map(([column, database, name, table, type]) => ({
      __proto__: null,
      column: column || null,
      database: database || null,
      name,
      table: table || null,
      type: type || null,
    }))
  }
  setAllowBareNamedParameters(allow) {
    this.#live()
    this.#bare = boolean(allow, 'allowBareNamedParameters')
  }
  setAllowUnknownNamedParameters(enabled) {
    this.#live()
    this.#unknown = boolean(enabled, 'enabled')
  }
  setReadBigInts(big) {
    this.#live()
    this.#big = boolean(big, 'readBigInts')
  }
  setReturnArrays(arrays) {
    this.#live()
    this.#arrays = boolean(arrays, 'returnArrays')
  }
}
const STATEMENT_GETTERS = {
  sourceSQL: getter(function sourceSQL() {
    return StatementSync[own](this).sourceSQL
  }),
  expandedSQL: getter(function expandedSQL() {
    return StatementSync[own](this).expandedSQL
  }),
}

class StatementSyncIterator {}
Object.setPrototypeOf(StatementSyncIterator.prototype, Iterator.prototype)

// Node.js has functions here that ask for `new` themselves.
const asked = (Class) =>
  new Proxy(Class, {
    apply() {
      throw new codes.ERR_CONSTRUCT_CALL_REQUIRED()
    },
  })

module.exports = { DatabaseSync: asked(DatabaseSync), StatementSync: asked(StatementSync), constants: {} }
