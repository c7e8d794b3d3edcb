import './trusted.js'
import './styles/index.css'
import { TarboxError } from 'tarbox'
import { App } from './app.js'
import { button } from './ui/controls.js'
import { el, fill } from './ui/dom.js'
import { icon } from './ui/icons.js'
import { words } from './problems.js'
import { SERVER, signIn } from './server.js'
import { problem } from './ui/toast.js'
import { Workspace } from './workspace.js'

const asked = new URLSearchParams(location.search)

/** `?name=` chooses a workspace, `?storage=` where it is kept. */
function storageAsked(): 'opfs' | 'indexeddb' | 'memory' {
  const storage = asked.get('storage')
  return storage === 'indexeddb' || storage === 'memory' ? storage : 'opfs'
}

async function start(): Promise<void> {
  const name = asked.get('name') ?? 'playground'
  try {
    const workspace = SERVER ? await signIn(SERVER) : await Workspace.open(name, storageAsked())
    await new App(workspace).start()
  } catch (error) {
    console.error(error)
    failed(name, error)
  }
}

/** No page is left empty: it says what was wrong, and what can be done. */
function failed(name: string, error: unknown): void {
  const isWrongName = error instanceof TarboxError && error.code === 'EINVAL'
  const inMemory = new URL(location.href)
  inMemory.searchParams.set('storage', 'memory')
  const again = button('Try again', () => location.reload(), { kind: 'primary' })
  const what = SERVER
    ? [el('div', { class: 'buttons' }, again)]
    : isWrongName
      ? [
          el(
            'div',
            { class: 'buttons' },
            button('Open “playground”', () => location.assign(location.pathname), { kind: 'primary' }),
          ),
        ]
      : [
          el(
            'p',
            {},
            'Close other tabs of this page and try again. In a private window, or if the browser does not allow storage, work in memory and export what you want to keep.',
          ),
          el(
            'div',
            { class: 'buttons' },
            again,
            button('Work in memory', () => location.assign(inMemory)),
          ),
        ]
  fill(
    document.getElementById('work')!,
    el(
      'div',
      { class: 'failed', role: 'alert' },
      icon('warning', 32),
      el('h1', {}, SERVER ? 'The server does not answer' : `The workspace “${name}” could not be opened`),
      el('p', {}, words(error)),
      ...what,
    ),
  )
}

// What nobody has caught is not kept from whoever sits before it.
addEventListener('unhandledrejection', ({ reason }) => problem(`An error occurred. ${words(reason)}`))

void start()
