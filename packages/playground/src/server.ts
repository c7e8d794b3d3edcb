/// Whether the page comes from `tarbox serve`, and who has signed in there.
import { TarboxError } from 'tarbox'
import { words } from './problems.js'
import { button, field } from './ui/controls.js'
import { el, fill } from './ui/dom.js'
import { kept, keptHere } from './ui/kept.js'
import { Workspace } from './workspace.js'

const KEY = 'tarbox-key'

/** The server that has served this page, if one has: it says so in the page. */
export const SERVER = document.querySelector('meta[name="tarbox-server"]') ? new URL('.', location.href) : undefined

/** Forgets the key. */
export function signOut(): void {
  for (const place of [kept, keptHere]) place.set(KEY, null)
  location.reload()
}

/** The workspace of whoever has a key, asked for until there is one that is right. */
export async function signIn(server: URL): Promise<Workspace> {
  const known = keptHere.get<string | null>(KEY) ?? kept.get<string | null>(KEY)
  if (known) {
    try {
      return await Workspace.at(server, known)
    } catch (error) {
      if (!(error instanceof TarboxError) || !['EACCES', 'EINVAL'].includes(error.code)) throw error
      for (const place of [kept, keptHere]) place.set(KEY, null)
    }
  }
  return ask(server)
}

function ask(server: URL): Promise<Workspace> {
  const work = document.getElementById('work')!
  document.documentElement.classList.add('signing-in')
  const input = el('input', {
    type: 'password',
    autocomplete: 'current-password',
    spellcheck: 'false',
    placeholder: 'tbx_…',
    'aria-describedby': 'sign-in-problem',
  })
  const remember = el('input', { type: 'checkbox' })
  const problem = el('p', { class: 'problem', id: 'sign-in-problem', role: 'alert' })
  return new Promise((resolve) => {
    const open = async () => {
      const key = input.value.trim()
      problem.textContent = ''
      submit.disabled = true
      try {
        const workspace = await Workspace.at(server, key)
        ;(remember.checked ? kept : keptHere).set(KEY, key)
        document.documentElement.classList.remove('signing-in')
        fill(work)
        resolve(workspace)
      } catch (error) {
        const isWrong = error instanceof TarboxError && ['EACCES', 'EINVAL'].includes(error.code)
        problem.textContent = isWrong ? 'The server does not accept this key.' : words(error)
        input.focus()
        input.select()
      } finally {
        submit.disabled = false
      }
    }
    const submit = button('Open the workspace', () => undefined, { kind: 'primary' })
    submit.type = 'submit'
    fill(
      work,
      el(
        'form',
        {
          class: 'sign-in',
          onsubmit: (event: Event) => {
            event.preventDefault()
            void open()
          },
        },
        el('img', { src: 'icon.svg', alt: '', width: 48, height: 48 }),
        el('h1', {}, 'Tarbox'),
        el('p', {}, `Sign in to a workspace at ${server.host}.`),
        field('Key', input),
        problem,
        el('label', { class: 'remember' }, remember, el('span', {}, 'Remember it on this device')),
        el('div', { class: 'buttons' }, submit),
        el(
          'p',
          { class: 'note' },
          el('span', {}, 'A key is made by '),
          el('code', {}, 'tarbox key create'),
          el('span', {}, ' and stays in this browser. '),
          el('a', { href: 'docs' }, 'The API'),
        ),
      ),
    )
    input.focus()
  })
}
