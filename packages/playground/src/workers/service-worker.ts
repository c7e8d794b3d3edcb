/// The page without a network: every file of this version is kept, and a new version waits until it is asked for.
/** The files of the page, relative to this script. */
declare const __FILES__: string[]
declare const __VERSION__: string

/** The types of a worker do not know which kind this one is. */
const worker = globalThis as unknown as ServiceWorkerGlobalScope

const PREFIX = 'tarbox-playground-'
const CACHE = PREFIX + __VERSION__
const PAGE = new URL('index.html', worker.location.href).href

worker.addEventListener('install', (event) => {
  event.waitUntil(keep())
})

/** Asks the server whether its own cache is still right, so what has not changed is not sent again. */
async function keep(): Promise<void> {
  const cache = await caches.open(CACHE)
  await cache.addAll(__FILES__.map((file) => new Request(new URL(file, worker.location.href), { cache: 'no-cache' })))
}

worker.addEventListener('activate', (event) => {
  event.waitUntil(forget().then(() => worker.clients.claim()))
})

/** The version before stays: a tab that still shows it may need its parts. */
async function forget(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)))
}

worker.addEventListener('message', ({ data }) => {
  if (data === 'update') void worker.skipWaiting()
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || new URL(request.url).origin !== worker.location.origin) return
  event.respondWith(answer(request))
})

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE)
  const kept =
    (await cache.match(request, { ignoreSearch: true })) ??
    // Wherever one comes in, the page is the same.
    (request.mode === 'navigate' ? await cache.match(PAGE) : await caches.match(request))
  return kept ?? fetch(request)
}
