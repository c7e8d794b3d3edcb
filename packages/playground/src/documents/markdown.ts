import { markdownLanguage } from '@codemirror/lang-markdown'
import type { SyntaxNode } from '@lezer/common'
import { el } from '../ui/dom.js'

/** A Markdown text as elements. What it says is put in as text: markup in it stays text, and links go only where links go. */
export function preview(text: string, open: (link: string) => void): HTMLElement {
  const page = el('article', { class: 'reading-page', tabindex: 0, 'aria-label': 'Rendered text' })
  const renderer = new Renderer(text, open)
  page.append(el('div', { class: 'prose' }, ...renderer.blocks(markdownLanguage.parser.parse(text).topNode)))
  return page
}

/** Marks that say how, and are not said themselves. */
const MARKS = new Set([
  'HeaderMark',
  'EmphasisMark',
  'CodeMark',
  'LinkMark',
  'ListMark',
  'QuoteMark',
  'CodeInfo',
  'StrikethroughMark',
  'LinkTitle',
  'URL',
  'TaskMarker',
  'LinkLabel',
  'TableDelimiter',
  'LinkReference',
])

/** In these an address is where they lead. */
const HOLD_AN_ADDRESS = new Set(['Link', 'Image', 'LinkReference'])

const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  laquo: '«',
  raquo: '»',
  times: '×',
  rarr: '→',
  larr: '←',
  euro: '€',
  middot: '·',
}

const INLINE: Record<string, keyof HTMLElementTagNameMap> = {
  Emphasis: 'em',
  StrongEmphasis: 'strong',
  Strikethrough: 'del',
}

class Renderer {
  constructor(
    private readonly text: string,
    private readonly open: (link: string) => void,
  ) {}

  #slice(node: { from: number; to: number }): string {
    return this.text.slice(node.from, node.to)
  }

  blocks(parent: SyntaxNode): Node[] {
    return children(parent).flatMap((node) => this.#block(node) ?? [])
  }

  #block(node: SyntaxNode): Node | undefined {
    const { name } = node
    const heading = /^(?:ATX|Setext)Heading([1-6])$/.exec(name)
    if (heading) return el(`h${heading[1]}` as 'h1', {}, ...this.#inline(node))
    switch (name) {
      case 'Paragraph':
        return el('p', {}, ...this.#inline(node))
      case 'Blockquote':
        return el('blockquote', {}, ...this.blocks(node))
      case 'BulletList':
        return el('ul', {}, ...children(node).map((item) => this.#item(item)))
      case 'OrderedList':
        return el(
          'ol',
          { start: Number.parseInt(this.#slice(node), 10) },
          ...children(node).map((item) => this.#item(item)),
        )
      case 'HorizontalRule':
        return el('hr')
      case 'FencedCode':
      case 'CodeBlock':
        return el('pre', { tabindex: 0 }, el('code', {}, this.#code(node)))
      case 'Table':
        return this.#table(node)
      case 'HTMLBlock':
      case 'CommentBlock':
        return name === 'CommentBlock' ? undefined : el('pre', {}, el('code', {}, this.#slice(node)))
      default:
        return MARKS.has(name) ? undefined : el('p', {}, this.#slice(node))
    }
  }

  #code(node: SyntaxNode): string {
    return children(node)
      .filter((part) => part.name === 'CodeText')
      .map((part) => this.#slice(part))
      .join('')
  }

  #item(node: SyntaxNode): HTMLElement {
    const task = node.getChild('Task')
    const parts = children(node).filter(({ name }) => !MARKS.has(name) && name !== 'Task')
    const below = () => parts.flatMap((part) => this.#block(part) ?? [])
    if (task) {
      const done = /^\[x\]/i.test(this.#slice(task))
      const box = el('input', {
        type: 'checkbox',
        disabled: true,
        checked: done,
        'aria-label': done ? 'done' : 'to do',
      })
      return el('li', { class: 'task' }, box, ' ', ...this.#inline(task), ...below())
    }
    const only = parts.length === 1 && parts[0]!.name === 'Paragraph'
    return el('li', {}, ...(only ? this.#inline(parts[0]!) : below()))
  }

  #table(node: SyntaxNode): HTMLElement {
    const cells = (row: SyntaxNode, tag: 'th' | 'td') =>
      el('tr', {}, ...row.getChildren('TableCell').map((cell) => el(tag, {}, ...this.#inline(cell))))
    const head = node.getChild('TableHeader')
    return el(
      'div',
      { class: 'table' },
      el(
        'table',
        {},
        head && el('thead', {}, cells(head, 'th')),
        el('tbody', {}, ...node.getChildren('TableRow').map((row) => cells(row, 'td'))),
      ),
    )
  }

  #inline(node: SyntaxNode): (Node | string)[] {
    const out: (Node | string)[] = []
    let at = node.from
    const plain = (to: number) => {
      if (to > at) out.push(this.text.slice(at, to).replace(/\n[> ]*/g, '\n'))
      at = to
    }
    for (const child of children(node)) {
      plain(child.from)
      at = child.to
      if (child.name === 'HeaderMark' && at < node.to && out.length === 0) {
        while (this.text[at] === ' ') at++
      }
      // An address stands for itself, except in a link that says something else.
      const isText = child.name === 'URL' && !HOLD_AN_ADDRESS.has(node.name)
      if (MARKS.has(child.name) && !isText) continue
      out.push(...this.#span(child))
    }
    plain(node.to)
    return out
  }

  #span(node: SyntaxNode): (Node | string)[] {
    const tag = INLINE[node.name]
    if (tag) return [el(tag, {}, ...this.#inline(node))]
    switch (node.name) {
      case 'InlineCode':
        return [el('code', {}, this.#slice(node).replace(/^`+ ?| ?`+$/g, ''))]
      case 'Link':
        return [this.#link(node)]
      case 'Autolink':
        return [this.#anchor(this.#slice(node).slice(1, -1), [this.#slice(node).slice(1, -1)])]
      case 'URL':
        return [this.#address(this.#slice(node))]
      case 'Entity':
        return [character(this.#slice(node))]
      case 'Image':
        return [
          el(
            'span',
            { class: 'picture' },
            this.#inline(node)
              .map((part) => (typeof part === 'string' ? part : part.textContent))
              .join(''),
          ),
        ]
      case 'HardBreak':
        return [el('br')]
      case 'Escape':
        return [this.#slice(node).slice(1)]
      default:
        return [this.#slice(node)]
    }
  }

  #link(node: SyntaxNode): Node {
    const url = node.getChild('URL')
    return this.#anchor(url ? this.#slice(url).replace(/^<|>$/g, '') : '', this.#inline(node))
  }

  /** An address as it stands in a text; one for mail is no page. */
  #address(text: string): Node | string {
    if (/^www\./i.test(text)) return this.#anchor(`https://${text}`, [text])
    return /^https?:/i.test(text) ? this.#anchor(text, [text]) : text
  }

  #anchor(url: string, content: (Node | string)[]): Node {
    if (/^https?:\/\//i.test(url))
      return el('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, ...content)
    if (url === '' || /^[a-z][a-z0-9+.-]*:|^\/\//i.test(url)) return el('span', {}, ...content)
    const follow = (event: Event) => {
      event.preventDefault()
      this.open(decode(url.replace(/#.*/, '')))
    }
    return el('a', { href: '#', onclick: follow }, ...content)
  }
}

/** The character that `&amp;` or `&#38;` stands for; what nobody knows stays as it is. */
function character(entity: string): string {
  const [, hex, decimal, name = ''] = /^&(?:#x([\da-f]+)|#(\d+)|(\w+));$/i.exec(entity) ?? []
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code)
  return Object.hasOwn(ENTITIES, name) ? ENTITIES[name]! : entity
}

function decode(link: string): string {
  try {
    return decodeURIComponent(link)
  } catch {
    return link
  }
}

function children(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = []
  for (let child = node.firstChild; child; child = child.nextSibling) all.push(child)
  return all
}
