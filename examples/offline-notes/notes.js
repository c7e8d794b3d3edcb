// Notes that work without a network: each is a file of a workspace in this browser, which is a replica of one at a server.
import { TarboxFs } from 'tarbox'

const $ = (id) => document.getElementById(id)
const NOTES = '/notes'

let fs
/** The note in the editor. */
let open
/** What waits for a pause in the typing. */
let saving

/** What a status means to people. */
function words({ state, error, conflicts, refused, synced }) {
  const since = synced ? `, last in step ${new Date(synced).toLocaleTimeString()}` : ''
  const said = {
    waiting: 'saved here, about to be sent',
    syncing: 'saved here, meeting the server…',
    'in step': 'saved here and at the server',
    offline: `saved here; the server cannot be reached${since}`,
    refused: `saved here; the server refuses it: ${error?.message}`,
    full: 'saved here; there is no room for what the server has',
  }[state]
  const left = Object.keys(refused).length
  return [said, conflicts.length > 0 && `${conflicts.length} to decide`, left > 0 && `${left} not taken by the server`]
    .filter(Boolean)
    .join(' · ')
}

async function signIn(url, key) {
  fs = await TarboxFs.open({ name: 'offline-notes', sync: { url, key } })
  localStorage.setItem('offline-notes', JSON.stringify({ url, key }))
  await fs.mkdir(NOTES, { recursive: true })
  $('sign-in').hidden = true
  document.querySelector('main').hidden = $('leave').hidden = false
  await list()
  void follow()
  void watch()
}

/** Shows how it stands whenever that changes. */
async function follow() {
  for await (const status of fs.replica.watch()) {
    $('status').textContent = words(status)
    $('status').dataset.state = status.state
    await decide(status.conflicts.find(({ path }) => path.startsWith(`${NOTES}/`)))
    await list()
  }
}

/** Changes of other tabs and other devices. */
async function watch() {
  for await (const { path, client } of fs.watch(NOTES)) {
    await list()
    // What is being typed comes first: it is saved in a moment, and what differs is kept twice.
    if (client !== fs.client && open && path === open.path && !saving) await show(path)
  }
}

async function list() {
  const entries = await fs.listDirectory(NOTES)
  const copies = new Set((await fs.replica.status()).conflicts.map(({ copy }) => copy))
  const shown = entries.filter(({ name }) => !copies.has(`${NOTES}/${name}`))
  const items = shown.map(({ name }) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = name.replace(/\.md$/, '')
    button.ariaCurrent = String(open?.path === `${NOTES}/${name}`)
    button.onclick = () => show(`${NOTES}/${name}`)
    const item = document.createElement('li')
    item.append(button)
    return item
  })
  $('notes').replaceChildren(...items)
}

async function show(path) {
  try {
    const text = await fs.readFile(path, 'utf8')
    open = { path }
    if ($('text').value !== text) $('text').value = text
    $('title').textContent = path.slice(NOTES.length + 1).replace(/\.md$/, '')
    $('edit').hidden = false
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    open = undefined
    $('edit').hidden = true
  }
  await list()
}

/** Saves a moment after the last key; nothing here waits for the network. */
function save() {
  clearTimeout(saving)
  const { path } = open
  saving = setTimeout(async () => {
    await fs.writeFile(path, $('text').value)
    saving = undefined
  }, 200)
}

async function decide(conflict) {
  $('decide').hidden = !conflict
  if (!conflict) return
  const read = (path) => fs.readFile(path, 'utf8').catch(() => '(it was deleted)')
  $('disputed').textContent = conflict.path.slice(NOTES.length + 1)
  $('ours').textContent = await read(conflict.copy)
  $('theirs').textContent = await read(conflict.path)
  for (const button of $('decide').querySelectorAll('button')) {
    button.onclick = async () => {
      await fs.replica.resolve(conflict.path, button.dataset.as)
      await show(conflict.path)
    }
  }
}

$('text').oninput = save
$('new').onclick = async () => {
  const name = new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.')
  const path = `${NOTES}/${name}.md`
  await fs.writeFile(path, '', { exclusive: true })
  await show(path)
  $('text').focus()
}
$('delete').onclick = async () => {
  clearTimeout(saving)
  saving = undefined
  await fs.rm(open.path)
  await show(open.path)
}
$('leave').onclick = async () => {
  // The notes stay in this browser; who signs in next with the same key goes on with them.
  localStorage.removeItem('offline-notes')
  await fs.close()
  location.reload()
}
$('sign-in').onsubmit = async (event) => {
  event.preventDefault()
  const { url, key } = Object.fromEntries(new FormData(event.target))
  try {
    await signIn(url, key)
  } catch (error) {
    $('refused').textContent = error.message
  }
}

const known = JSON.parse(localStorage.getItem('offline-notes') ?? 'null')
if (known) await signIn(known.url, known.key)
else {
  $('status').textContent = ''
  $('sign-in').hidden = false
}
