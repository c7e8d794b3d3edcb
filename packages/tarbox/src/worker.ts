/// The worker behind a page, or behind the port that a page gives to a worker of its own.
import { type Endpoint, type Service, serve } from './serve.js'

declare const self: Endpoint & { close(): void }

let behindPort: Service | undefined
serve(self)
addEventListener('message', ({ data }: MessageEvent<{ port?: MessagePort; rest?: true; wake?: true }>) => {
  if (data.port) behindPort = serve(data.port, () => self.close())
  else if (data.rest) behindPort?.rest()
  else if (data.wake) behindPort?.wake()
})
