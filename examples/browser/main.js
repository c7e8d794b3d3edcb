import { TarboxFs } from 'tarbox'

const at = (id) => document.getElementById(id)
const say = (text) => (at('status').textContent = text)
const fs = await TarboxFs.open({ name: 'example' }).catch((error) => {
  say(error.message)
  throw error
})
let open
let viewing = 'head'

/** An element with a text and what a click on it does. */
function element(kind, text, click, label) {
  const made = document.createElement(kind)
  made.textContent = text
  if (click) made.onclick = () => click().catch((error) => say(error.message))
  if (label) made.ariaLabel = label
  return made
}

async function showFiles() {
  const entries = await fs.listDirectory('/')
  at('files').replaceChildren(
    ...entries.map(({ name, size }) => {
      const item = document.createElement('li')
      const button = element('button', name, () => edit(name))
      button.ariaCurrent = String(name === open)
      const bytes = element('span', `${size} B`)
      bytes.className = 'size'
      item.append(
        button,
        bytes,
        element('button', '✕', () => fs.rm(`/${name}`), `Remove ${name}`),
      )
      return item
    }),
  )
  if (entries.length === 0) at('files').append(element('li', 'No files yet: create one above.'))
}

async function showLayers() {
  const layers = await fs.layers.list()
  const names = layers.map((layer) => layer.name ?? 'head')
  at('layers').replaceChildren(
    ...layers.map((layer, number) => {
      const item = document.createElement('li')
      const button = element('button', layer.name ?? 'now', () => view(names[number]))
      button.ariaCurrent = String(layer.current)
      item.append(button)
      if (layer.sealed) {
        const time = element('span', new Date(layer.sealed / 1e6).toLocaleTimeString())
        time.className = 'size'
        item.append(time)
      }
      return item
    }),
  )
  const before = names.at(-2)
  const changes = before === undefined ? [] : await fs.layers.diff(before)
  at('diff').replaceChildren(
    ...changes.map(({ kind, path }) => {
      const item = element('li', `${kind} ${path}`)
      item.className = kind
      return item
    }),
  )
  if (changes.length === 0)
    at('diff').append(element('li', before === undefined ? 'No layers yet.' : 'Nothing has changed.'))
}

async function edit(name) {
  open = name
  at('editor-title').textContent = name
  at('editor').disabled = viewing !== 'head'
  at('editor').value = await fs.readFile(`/${name}`, 'utf8')
  await showFiles()
}

async function view(layer) {
  await fs.layers.switch(layer)
  viewing = layer
  await show()
  say(
    layer === 'head'
      ? 'You are viewing the present state.'
      : `You are viewing “${layer}”, which is read-only. Choose “now” to return.`,
  )
}

async function show() {
  await Promise.all([showFiles(), showLayers()])
  if (open === undefined) return
  if (await fs.exists(`/${open}`)) await edit(open)
  else {
    open = undefined
    at('editor-title').textContent = 'No file open'
    at('editor').value = ''
    at('editor').disabled = true
  }
}

at('editor').oninput = async () => {
  try {
    await fs.writeFile(`/${open}`, at('editor').value)
    say(`Saved at ${new Date().toLocaleTimeString()}, on the device.`)
  } catch (error) {
    say(error.message)
  }
}
at('new-file').onsubmit = async (event) => {
  event.preventDefault()
  const name = at('name').value
  await fs.writeFile(`/${name}`, '', { exclusive: true }).catch((error) => say(error.message))
  event.target.reset()
  await edit(name)
  at('editor').focus()
}
at('checkpoint').onsubmit = async (event) => {
  event.preventDefault()
  await fs.layers.checkpoint(at('layer').value).catch((error) => say(error.message))
  event.target.reset()
  await showLayers()
}

await show()
say(`The workspace is open, stored in ${fs.storage === 'opfs' ? 'OPFS' : fs.storage}.`)
// Changes of this tab and of every other.
for await (const { path } of fs.watch('/')) {
  await showFiles()
  await showLayers()
  if (path === `/${open}` && document.activeElement !== at('editor')) await edit(open)
}
