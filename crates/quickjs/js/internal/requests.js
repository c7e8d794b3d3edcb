// Sending the requests of `fetch`: redirects, and bodies that arrive while they are read.
'use strict'
const loop = require('internal/loop')

const REDIRECTS = [301, 302, 303, 307, 308]
const REDIRECTS_MAX = 20
const WITHOUT_BODY = [204, 205, 304]
const DEFAULTS = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate',
  'accept-language': '*',
  'sec-fetch-mode': 'cors',
  'user-agent': 'node',
}
const SECRETS = ['authorization', 'proxy-authorization', 'cookie']
const OF_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type']

const failed = (message, code) =>
  new TypeError('fetch failed', {
    cause: code === undefined ? new Error(message) : Object.assign(new Error(message), { code }),
  })

function denied(url) {
  const { host } = new URL(url)
  const message = `fetch failed: requests to ${host} are not allowed (--allow-host ${host} allows them)`
  return new TypeError(message, { cause: Object.assign(new Error('access denied'), { code: 'ERR_ACCESS_DENIED' }) })
}

// What an exchange tells next.
function arrival(next, signal) {
  if (signal.aborted) {
    next(true)
    return Promise.reject(signal.reason)
  }
  const now = next(false)
  if (now !== undefined) return Promise.resolve(now)
  return new Promise((resolve, reject) => {
    const stop = () => {
      loop.awaited.delete(poll)
      loop.letGo()
      signal.removeEventListener('abort', abort)
    }
    const abort = () => {
      stop()
      next(true)
      reject(signal.reason)
    }
    const poll = () => {
      const event = next(false)
      if (event === undefined) return
      stop()
      resolve(event)
    }
    loop.hold()
    loop.awaited.add(poll)
    signal.addEventListener('abort', abort, { once: true })
  })
}

function send(method, url, headers, body) {
  const next = native.send(method, url.split('#')[0], [...headers].flat(), body)
  if (next === null) throw failed('there is no network here', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM')
  return next
}

// The request, and those that it is redirected to.
exports.follow = async function follow(request, Response, Headers) {
  const { signal, redirect } = request
  const headers = new Headers(request.headers)
  for (const [name, value] of Object.entries(DEFAULTS)) if (!headers.has(name)) headers.set(name, value)
  let { url, method } = request
  if (!/^https?:/.test(url)) throw failed('unknown scheme')
  let body = await request.bytes()
  for (let hops = 0; ; hops++) {
    const next = send(method, url, headers, body)
    const [status, ...said] = await arrival(next, signal)
    if (status === '') throw denied(url)
    if (typeof status === 'string') throw failed(said[0], status)
    const received = new Headers()
    for (let at = 0; at < said.length; at += 2) received.append(said[at], said[at + 1])
    const location = REDIRECTS.includes(status) ? received.get('location') : null
    if (location === null || redirect === 'manual') {
      const has = method !== 'HEAD' && !WITHOUT_BODY.includes(status)
      if (!has) next(true)
      const statusText = require('http').STATUS_CODES[status] ?? ''
      const response = new Response(has ? stream(next, signal, received) : null, {
        status,
        statusText,
        headers: received,
      })
      return Object.assign(response, { url: url.split('#')[0], redirected: hops > 0, type: 'basic' })
    }
    next(true)
    if (redirect === 'error') throw failed('unexpected redirect')
    if (hops === REDIRECTS_MAX) throw failed('redirect count exceeded')
    const to = URL.canParse(location, url) ? new URL(location, url) : undefined
    if (!/^https?:$/.test(to?.protocol)) throw failed('URL scheme must be a HTTP(S) scheme')
    if (to.username || to.password) throw failed('cross origin not allowed for request mode "cors"')
    if (to.origin !== new URL(url).origin) for (const name of SECRETS) headers.delete(name)
    if (status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST') {
      method = 'GET'
      body = new Uint8Array()
      for (const name of OF_BODY) headers.delete(name)
    }
    url = to.href
  }
}

// Nothing is asked for before somebody reads.
function stream(next, signal, headers) {
  const source = {
    type: 'bytes',
    async pull(controller) {
      const event = await arrival(next, signal)
      if (event === null) {
        controller.close()
        controller.byobRequest?.respond(0)
      } else if (Array.isArray(event)) {
        const cause = Object.assign(new Error(event[1]), { code: event[0] })
        throw new TypeError('terminated', { cause })
      } else controller.enqueue(event)
    },
    cancel() {
      next(true)
    },
  }
  const raw = new ReadableStream(source, { highWaterMark: 0 })
  const coding = headers.get('content-encoding')?.trim().toLowerCase()
  if (coding === 'gzip' || coding === 'x-gzip') return raw.pipeThrough(new DecompressionStream('gzip'))
  if (coding === 'deflate') return raw.pipeThrough(new DecompressionStream('deflate'))
  return raw
}
