/// The worker behind a page, or behind the port that a page gives to a worker of its own.
import { workerScope } from '#platform'
import { serve } from './serve.js'

const scope = workerScope()

serve(scope)
scope.addEventListener('message', (event) => {
  const { port } = (event as MessageEvent<{ port?: MessagePort }>).data
  if (port) serve(port, () => scope.close())
})
