/// The worker behind a page, or behind the port that a page gives to a worker of its own.
import { type Endpoint, serve } from './serve.js'

declare const self: Endpoint & { close(): void }

serve(self)
addEventListener('message', ({ data }: MessageEvent<{ port?: MessagePort }>) => {
  if (data.port) serve(data.port, () => self.close())
})
