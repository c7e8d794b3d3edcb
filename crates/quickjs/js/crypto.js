// `crypto`: hashes, keyed hashes, randomness, comparing.
'use strict'
const { Transform } = require('stream')
const { codes } = require('internal/errors')
const { missing } = require('internal/missing')
const validators = require('internal/validators')

const NAMES = {
  'rsa-sha256': 'sha256',
  'rsa-sha1': 'sha1',
  'rsa-sha512': 'sha512',
  'rsa-md5': 'md5',
  'sha-1': 'sha1',
  'sha-256': 'sha256',
  'sha-384': 'sha384',
  'sha-512': 'sha512',
}
const nameOf = (name) => NAMES[name.toLowerCase()] ?? name.toLowerCase()
function bytesOf(data, encoding, name = 'data') {
  if (typeof data === 'string') return Buffer.from(data, encoding === 'buffer' ? 'utf8' : encoding)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (require('util/types').isAnyArrayBuffer(data) && name !== 'data') return new Uint8Array(data)
  throw new codes.ERR_INVALID_ARG_TYPE(name, ['string', 'Buffer', 'TypedArray', 'DataView'], data)
}

function digesting(make) {
  return class extends Transform {
    #state
    #made
    #pieces = []
    constructor(first, ...rest) {
      const [state, options, again] = make(first, ...rest)
      super(options)
      this.#state = state
      this.again = again
    }
    update(data, encoding) {
      if (this.#made) throw new codes.ERR_CRYPTO_HASH_FINALIZED()
      const bytes = bytesOf(data, encoding)
      if (this.again) this.#pieces.push(Buffer.from(bytes))
      this.#state(bytes)
      return this
    }
    digest(encoding) {
      if (this.#made) throw new codes.ERR_CRYPTO_HASH_FINALIZED()
      this.#made = Buffer.from(this.#state().buffer)
      this.#pieces = []
      return encoding && encoding !== 'buffer' ? this.#made.toString(encoding) : this.#made
    }
    copy() {
      if (this.#made) throw new codes.ERR_CRYPTO_HASH_FINALIZED()
      const other = this.again()
      for (const piece of this.#pieces) other.update(piece)
      return other
    }
    _transform(chunk, encoding, callback) {
      this.update(chunk, encoding)
      callback()
    }
    _flush(callback) {
      this.push(this.digest())
      callback()
    }
  }
}
const Hash = digesting((name, options) => {
  validators.validateString(name, 'algorithm')
  const state = native.hash(nameOf(name))
  if (state === null)
    throw Object.assign(new Error('Digest method not supported'), { code: 'ERR_OSSL_EVP_UNSUPPORTED' })
  return [state, options, () => new Hash(name, options)]
})
const Hmac = digesting((name, key, options) => {
  validators.validateString(name, 'hmac')
  const state = native.hmac(nameOf(name), bytesOf(key, options?.encoding, 'key'))
  if (state === null) throw new codes.ERR_CRYPTO_INVALID_DIGEST(name)
  return [state, options]
})
Object.defineProperty(Hash, 'name', { value: 'Hash' })
Object.defineProperty(Hmac, 'name', { value: 'Hmac' })

function randomBytes(size, callback) {
  validators.validateNumber(size, 'size', 0, 2 ** 31 - 1)
  if (callback !== undefined) validators.validateFunction(callback, 'callback')
  const buffer = Buffer.alloc(size)
  native.random(buffer, 0, size)
  if (callback === undefined) return buffer
  require('internal/loop').later(() => callback(null, buffer))
  return undefined
}
function randomFillSync(buffer, offset = 0, size = buffer.byteLength - offset) {
  const bytes = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer)
  native.random(bytes, offset, size)
  return buffer
}
function randomInt(min, max, callback) {
  if (max === undefined || typeof max === 'function') [min, max, callback] = [0, min, max]
  if (!Number.isSafeInteger(min)) throw new codes.ERR_INVALID_ARG_TYPE('min', 'a safe integer', min)
  if (!Number.isSafeInteger(max)) throw new codes.ERR_INVALID_ARG_TYPE('max', 'a safe integer', max)
  if (max <= min) throw new codes.ERR_OUT_OF_RANGE('max', `greater than the value of "min" (${min})`, max)
  const range = max - min
  if (!(range <= 2 ** 48 - 1)) throw new codes.ERR_OUT_OF_RANGE('max - min', `<= ${2 ** 48 - 1}`, range)
  const limit = 2 ** 48 - (2 ** 48 % range)
  let value
  do value = randomBytes(6).readUIntBE(0, 6)
  while (value >= limit)
  const result = min + (value % range)
  if (callback === undefined) return result
  process.nextTick(callback, undefined, result)
  return undefined
}
function randomUUID() {
  const bytes = randomBytes(16)
  bytes[6] = (bytes[6] & 15) | 64
  bytes[8] = (bytes[8] & 63) | 128
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
function pbkdf2Sync(password, salt, iterations, length, digest) {
  password = Buffer.from(bytesOf(password, 'utf8', 'password'))
  salt = Buffer.from(bytesOf(salt, 'utf8', 'salt'))
  validators.validateInteger(iterations, 'iterations', 1, 2147483647)
  validators.validateInteger(length, 'keylen', 0, 2147483647)
  validators.validateString(digest, 'digest')
  const mac = (data) => new Hmac(digest, password).update(data).digest()
  const blocks = []
  for (let block = 1, made = 0; made < length; block++) {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(block)
    let last = mac(Buffer.concat([salt, number]))
    const sum = Buffer.from(last)
    for (let round = 1; round < iterations; round++) {
      last = mac(last)
      for (let at = 0; at < sum.length; at++) sum[at] ^= last[at]
    }
    blocks.push(sum)
    made += sum.length
  }
  return Buffer.concat(blocks).subarray(0, length)
}
const webcrypto = {
  getRandomValues(view) {
    if (!require('util/types').isTypedArray(view) || /Float/.test(view.constructor.name))
      throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError')
    if (view.byteLength > 65536)
      throw new DOMException(`The requested length exceeds 65,536 bytes`, 'QuotaExceededError')
    return randomFillSync(view)
  },
  randomUUID,
  subtle: {
    async digest(algorithm, data) {
      const bytes = ArrayBuffer.isView(data) ? data : new Uint8Array(data)
      return new Uint8Array(new Hash(typeof algorithm === 'string' ? algorithm : algorithm.name).update(bytes).digest())
        .buffer
    },
  },
}
module.exports = {
  ...missing('crypto', [
    'createCipheriv',
    'createDecipheriv',
    'createSign',
    'createVerify',
    'createECDH',
    'createDiffieHellman',
    'generateKeyPair',
    'generateKeyPairSync',
    'publicEncrypt',
    'privateDecrypt',
    'sign',
    'verify',
    'scrypt',
    'scryptSync',
    'createPrivateKey',
    'createPublicKey',
    'createSecretKey',
    'X509Certificate',
  ]),
  Hash,
  Hmac,
  createHash: (name, options) => new Hash(name, options),
  createHmac: (name, key, options) => new Hmac(name, key, options),
  hash: (name, data, encoding = 'hex') => new Hash(name).update(data).digest(encoding),
  getHashes: () => ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'],
  getCiphers: () => [],
  getCurves: () => [],
  getFips: () => 0,
  randomBytes,
  pseudoRandomBytes: randomBytes,
  prng: randomBytes,
  rng: randomBytes,
  randomFillSync,
  randomFill(buffer, offset, size, callback) {
    callback = [offset, size, callback].find((one) => typeof one === 'function')
    validators.validateFunction(callback, 'callback')
    randomFillSync(buffer, typeof offset === 'number' ? offset : 0, typeof size === 'number' ? size : undefined)
    require('internal/loop').later(() => callback(null, buffer))
  },
  randomInt,
  randomUUID,
  pbkdf2Sync,
  pbkdf2(password, salt, iterations, length, digest, callback) {
    validators.validateFunction(callback, 'callback')
    const made = pbkdf2Sync(password, salt, iterations, length, digest)
    require('internal/loop').later(() => callback(null, made))
  },
  timingSafeEqual(a, b) {
    const [x, y] = [bytesOf(a, undefined, 'buf1'), bytesOf(b, undefined, 'buf2')]
    if (x.length !== y.length)
      throw Object.assign(new RangeError('Input buffers must have the same byte length'), {
        code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH',
      })
    let different = 0
    for (let at = 0; at < x.length; at++) different |= x[at] ^ y[at]
    return different === 0
  },
  constants: {},
  webcrypto,
  subtle: webcrypto.subtle,
  getRandomValues: webcrypto.getRandomValues,
}
