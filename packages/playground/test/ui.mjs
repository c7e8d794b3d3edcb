// A page as a person uses it, through either driver: real clicks and keys, and waiting for what is to be seen.
import assert from 'node:assert/strict'

const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'Meta'])

/** How long anything may take to be seen. It is generous: machines are busy, and none waits longer than it has to. */
const PATIENCE = Number(process.env.TARBOX_PATIENCE ?? 600_000)

/** Messages go by themselves after some seconds, in which a machine that is busy may not come to click on them. Runs in the page. */
export function messagesStay() {
  const later = window.setTimeout
  window.setTimeout = (act, ms, ...rest) => later.call(window, act, ms >= 4000 ? ms * 20 : ms, ...rest)
}

/** How often it is asked for at least. */
const ENOUGH = 200

/** Finds what is visible: by selector, and by text if it is given. `A >>> B` is B in an editor in A. Runs in the page. */
function find([selector, text]) {
  const seen = (element) => {
    const box = element.getBoundingClientRect()
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== 'hidden'
  }
  const [inside, outside = ''] = selector.split(' >>> ').reverse()
  const editors = Array.from(document.querySelectorAll(`${outside} .editor`), (host) => host.shadowRoot).filter(Boolean)
  const all = [...editors, ...(outside === '' ? [document] : [])].flatMap((root) => [...root.querySelectorAll(inside)])
  return all.filter((element) => seen(element) && (text === undefined || element.textContent.includes(text)))
}

const inPage = (body) =>
  new Function('args', `const find = ${find}; const [wanted, ...rest] = args; return (${body})(find(wanted), ...rest)`)

const texts = inPage('(elements) => elements.map((element) => element.textContent)')
const attributes = inPage('(elements, name) => elements.map((element) => element.getAttribute(name))')
const counts = inPage('(elements) => elements.length')
const point = inPage(`(elements) => {
  const [element] = elements
  if (!element) return null
  element.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  const box = element.getBoundingClientRect()
  const at = { x: box.x + Math.min(box.width / 2, 200), y: box.y + box.height / 2 }
  let top = document.elementFromPoint(at.x, at.y)
  if (top?.shadowRoot) top = top.shadowRoot.elementFromPoint(at.x, at.y)
  // What is covered is not clicked, unless it is covered by itself.
  return top && (element.contains(top) || top.contains(element)) && !element.disabled ? at : null
}`)

export class Ui {
  constructor(page) {
    this.page = page
  }

  evaluate(body, ...args) {
    return this.page.evaluate(body, ...args)
  }

  goto(url) {
    return this.page.goto(url)
  }

  reload() {
    return this.page.reload()
  }

  close() {
    return this.page.close()
  }

  /** Runs this in each document before anything else. */
  async before(body) {
    if (this.page.addInitScript) await this.page.addInitScript(body)
    else await this.page.evaluateOnNewDocument(body)
  }

  async size(width, height) {
    if (this.page.setViewportSize) await this.page.setViewportSize({ width, height })
    else await this.page.setViewport({ width, height })
  }

  async screenshot(path) {
    await this.page.screenshot({ path })
  }

  /** Asks until the answer is right, and says what it was if it never is. */
  async until(what, ask, right = Boolean) {
    const end = Date.now() + PATIENCE
    for (let times = 1; ; times++) {
      // A page that is just being left cannot be asked.
      const answer = await ask().catch((error) => {
        if (/context|navigat/i.test(error.message)) return undefined
        throw error
      })
      if (right(answer)) return answer
      // A machine that was stopped for a while has asked only a few times when the time is over.
      if (Date.now() > end && times > ENOUGH) assert.fail(`waited for ${what}, and it was ${JSON.stringify(answer)}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  texts(selector) {
    return this.page.evaluate(texts, [[selector]])
  }

  async text(selector) {
    return (await this.texts(selector)).join('\n')
  }

  attributes(selector, name) {
    return this.page.evaluate(attributes, [[selector], name])
  }

  count(selector, text) {
    return this.page.evaluate(counts, [[selector, text]])
  }

  see(selector, text) {
    return this.until(`${selector}${text === undefined ? '' : ` with “${text}”`} to be seen`, () =>
      this.count(selector, text),
    )
  }

  unseen(selector, text) {
    return this.until(
      `${selector}${text === undefined ? '' : ` with “${text}”`} to be gone`,
      () => this.count(selector, text),
      (count) => count === 0,
    )
  }

  reads(selector, text) {
    return this.until(
      `${selector} to read “${text}”`,
      () => this.text(selector),
      (now) => now.includes(text),
    )
  }

  async click(selector, text, { button = 'left' } = {}) {
    const at = await this.until(`${selector}${text === undefined ? '' : ` with “${text}”`} to click`, () =>
      this.page.evaluate(point, [[selector, text]]),
    )
    await this.page.mouse.click(at.x, at.y, { button })
  }

  /** Keys, one after the other; `Control+s` is one. */
  async press(...keys) {
    for (const key of keys) {
      const parts = key.length > 1 ? key.split('+') : [key]
      const held = parts.filter((part) => MODIFIERS.has(part))
      for (const modifier of held) await this.page.keyboard.down(modifier)
      await this.page.keyboard.press(parts.at(-1))
      for (const modifier of held.reverse()) await this.page.keyboard.up(modifier)
    }
  }

  type(text) {
    return this.page.keyboard.type(text)
  }

  /** Puts a text where the cursor is, as it is: typing would close brackets by itself. */
  paste(text) {
    return this.page.evaluate((text) => {
      const transfer = new DataTransfer()
      transfer.setData('text/plain', text)
      const at = document.activeElement.shadowRoot?.activeElement ?? document.activeElement
      // Firefox fills its own clipboard events from the system's clipboard.
      const event = new Event('paste', { bubbles: true, cancelable: true })
      Object.defineProperty(event, 'clipboardData', { value: transfer })
      at.dispatchEvent(event)
    }, text)
  }

  /** What has the focus: its label, text or name. */
  focused() {
    return this.page.evaluate(() => {
      let at = document.activeElement
      if (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
      const row = at?.getAttribute('aria-activedescendant')
      return (
        (row && document.getElementById(row)?.textContent) ||
        at?.getAttribute('aria-label') ||
        at?.textContent ||
        at?.tagName
      )
    })
  }

  /** Drops files onto something, as if they came from the desktop: `[name, text or array of bytes]`. */
  dropFiles(selector, files) {
    return this.page.evaluate(
      ([selector, files]) => {
        const transfer = new DataTransfer()
        for (const [name, content] of files)
          transfer.items.add(new File([typeof content === 'string' ? content : new Uint8Array(content)], name))
        const target = document.querySelector(selector)
        for (const kind of ['dragenter', 'dragover', 'drop'])
          target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }))
      },
      [selector, files],
    )
  }

  /** Drags one row onto another. */
  drag(from, to) {
    return this.page.evaluate(
      ([from, to]) => {
        const transfer = new DataTransfer()
        const send = (selector, kind) =>
          document
            .querySelector(selector)
            .dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }))
        send(from, 'dragstart')
        send(to, 'dragover')
        send(to, 'drop')
        send(from, 'dragend')
      },
      [from, to],
    )
  }

  /** Keeps what the page hands out as downloads, instead of a dialog. */
  async catchDownloads() {
    await this.page.evaluate(() => {
      window.showSaveFilePicker = undefined
      window.caught = []
      const blobs = new Map()
      const create = URL.createObjectURL
      URL.createObjectURL = (blob) => {
        const url = create(blob)
        blobs.set(url, blob)
        return url
      }
      HTMLAnchorElement.prototype.click = function () {
        const { download, href } = this
        void blobs
          .get(href)
          .arrayBuffer()
          .then((buffer) => window.caught.push([download, [...new Uint8Array(buffer)]]))
      }
    })
  }

  async download() {
    return this.until('a download', () => this.page.evaluate(() => window.caught.shift()))
  }

  row(path) {
    return `[data-path="${path}"]`
  }

  /** Opens the folders above, and the file. */
  async openFile(path) {
    const parts = path.split('/').slice(1)
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = this.row(`/${parts.slice(0, depth).join('/')}`)
      await this.see(folder)
      if ((await this.attributes(folder, 'aria-expanded'))[0] === 'false') await this.click(folder)
    }
    await this.click(this.row(path))
    await this.see('.tab[data-front] .name', parts.at(-1))
  }

  /** What the page says for a while: a machine that is busy may look when it is not to be seen any more, so it is what is read out. */
  told(text) {
    return this.until(
      `“${text}” to be told`,
      () => this.page.evaluate(() => document.querySelector('.unseen[role=status]').textContent),
      (now) => (typeof text === 'string' ? now.includes(text) : text.test(now)),
    )
  }

  /** Chooses from the menu of a file. */
  async choose(path, text) {
    await this.click(this.row(path), undefined, { button: 'right' })
    await this.click('.menu button', text)
  }

  /** Seals a checkpoint, and sees it among the others. */
  async seal(name) {
    await this.click('.seal input')
    await this.type(name)
    await this.press('Enter')
    await this.see('.moment .name', name)
  }

  /** Puts the cursor at the beginning of the editor in front. */
  async toBeginning() {
    await this.click('.cm-content')
    await this.press('Control+Home')
  }

  async typeAtBeginning(text) {
    await this.toBeginning()
    await this.type(text)
  }

  /** Saves at once, and waits until it is saved. */
  async save() {
    await this.press('Control+s')
    await this.unseen('.tab .dirty')
  }

  /** The text in front, as the editor shows it. */
  editor() {
    return this.text('.cm-content')
  }
}
