import { Signal } from '../ui/signal.js'

/** Whether the page works without a network, and whether a newer one waits. */
export class Offline {
  readonly changed = new Signal()
  ready = false
  update: ServiceWorker | undefined
  #reload = false

  start(): void {
    const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
    if (!import.meta.env.PROD || !workers) return
    void workers.ready.then(() => {
      this.ready = true
      this.changed.tell()
    })
    workers.addEventListener('controllerchange', () => {
      // Only the tab in which it was asked for; others go on with what they have.
      if (this.#reload) location.reload()
    })
    void workers.register('service-worker.js', { updateViaCache: 'none' }).then(
      (registration) => {
        this.#watch(registration)
        // A page that stays open for days hears of versions too.
        setInterval(() => void registration.update().catch(() => undefined), 3_600_000)
      },
      (error: unknown) => console.warn('The page will not work offline:', error),
    )
  }

  #watch(registration: ServiceWorkerRegistration): void {
    const offer = (worker: ServiceWorker | null) => {
      if (worker?.state !== 'installed' || !navigator.serviceWorker.controller) return
      this.update = worker
      this.changed.tell()
    }
    offer(registration.waiting)
    registration.addEventListener('updatefound', () => {
      const { installing } = registration
      installing?.addEventListener('statechange', () => offer(installing))
    })
  }

  /** Goes over to the newer version. */
  apply(): void {
    this.#reload = true
    this.update?.postMessage('update')
  }
}
