/// The worker behind a page, or behind the port that a page gives to a worker of its own.
import { workerScope } from '#platform'
import { type Service, serve } from './serve.js'

const scope = workerScope()

let behindPort: Service | undefined
serve(scope)
scope.addEventListener('message', (event) => {
  const { port, rest, wake } = (event as MessageEvent<{ port?: MessagePort; rest?: true; wake?: true }>).data
  if (port) behindPort = serve(port, () => scope.close())
  else if (rest) behindPort?.rest()
  else if (wake) behindPort?.wake()
})
