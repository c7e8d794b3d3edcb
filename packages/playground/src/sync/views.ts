/// Two contents, shown so that one sees what differs: texts line by line, pictures, and of anything else what can be told.
import { MergeView, unifiedMergeView } from '@codemirror/merge'
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { basics, mount, mountWith } from '../documents/editor.js'
import { languageOf } from '../documents/languages.js'
import { pictureType } from '../documents/image.js'
import { el } from '../ui/dom.js'
import { bytes, count } from '../ui/format.js'
import { type Content, hashOf } from './sides.js'

export interface Shown {
  element: HTMLElement
  /** It is in the page now. */
  begin(): void
  close(): void
}

type Side = Content | undefined

/** Shows two contents of a path; in one column where there is no room for two. */
export async function show(path: string, ours: Side, theirs: Side, isNarrow: boolean): Promise<Shown> {
  const [mine, other] = [textOf(ours), textOf(theirs)]
  if (mine !== undefined && other !== undefined) {
    const support = await languageOf(path)?.load()
    const extensions = [basics, lineNumbers(), EditorView.lineWrapping, EditorState.readOnly.of(true), support ?? []]
    return isNarrow ? inOne(path, mine, other, extensions) : besides(path, mine, other, extensions)
  }
  const type = pictureType(path)
  return type === undefined ? described(ours, theirs) : pictured(ours, theirs, type)
}

/** What was deleted has no text, which differs from all of the other's. */
function textOf(side: Side): string | undefined {
  return side ? side.text : ''
}

const labelled = (text: string) => EditorView.contentAttributes.of({ 'aria-label': text })

const COLOURS = EditorView.theme({
  '&.cm-merge-a .cm-changedLine': { backgroundColor: 'var(--ours) !important' },
  '&.cm-merge-a .cm-changedLine .cm-changedText': { background: 'var(--ours-text) !important' },
  '&.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--theirs) !important' },
  '&.cm-merge-b .cm-changedLine .cm-changedText': { background: 'var(--theirs-text) !important' },
  '&.cm-merge-a .cm-changedLineGutter': { background: 'var(--accent) !important' },
  '&.cm-merge-b .cm-changedLineGutter': { background: 'var(--warn) !important' },
  '.cm-content': { paddingBottom: '24px' },
  '.cm-merge-spacer': { backgroundColor: 'var(--sunken)' },
})

/** The same for one text, whose lines are ours; those of the server are between them. */
const COLOURS_IN_ONE = EditorView.theme({
  '&.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--ours) !important' },
  '&.cm-merge-b .cm-changedLine .cm-changedText': { background: 'var(--ours-text) !important' },
  '&.cm-merge-b .cm-deletedChunk': { backgroundColor: 'var(--theirs) !important' },
  '&.cm-merge-b .cm-deletedChunk .cm-deletedText': { background: 'var(--theirs-text) !important' },
  '&.cm-merge-b .cm-changedLineGutter': { background: 'var(--accent) !important' },
  '.cm-deletedLineGutter': { background: 'var(--warn) !important' },
})

const COLLAPSED = { margin: 4, minSize: 8 }

function besides(path: string, ours: string, theirs: string, extensions: Extension[]): Shown {
  const element = el('div', { class: 'editor merge' })
  let view: MergeView | undefined
  return {
    element,
    begin() {
      view = mountWith(
        element,
        (parent, root) =>
          new MergeView({
            a: { doc: ours, extensions: [...extensions, COLOURS, labelled(`${path} on this device`)] },
            b: { doc: theirs, extensions: [...extensions, COLOURS, labelled(`${path} at the server`)] },
            parent,
            root,
            gutter: true,
            collapseUnchanged: COLLAPSED,
          }),
      )
      view.dom.style.height = '100%'
    },
    close: () => view?.destroy(),
  }
}

function inOne(path: string, ours: string, theirs: string, extensions: Extension[]): Shown {
  const host = el('div', { class: 'editor' })
  const element = el(
    'div',
    { class: 'in-one' },
    el(
      'p',
      { class: 'legend' },
      el('span', { class: 'ours' }, 'On this device'),
      el('span', { class: 'theirs' }, 'At the server'),
    ),
    host,
  )
  let view: EditorView | undefined
  return {
    element,
    begin() {
      const merge = unifiedMergeView({
        original: theirs,
        mergeControls: false,
        gutter: true,
        collapseUnchanged: COLLAPSED,
      })
      const doc = { doc: ours, extensions: [...extensions, merge, COLOURS_IN_ONE, labelled(`${path}, both contents`)] }
      view = mount(host, EditorState.create(doc))
    },
    close: () => view?.destroy(),
  }
}

function pictured(ours: Side, theirs: Side, type: string): Shown {
  const urls: string[] = []
  const picture = (side: Side, name: string) => {
    if (!side?.bytes) return el('figure', {}, facts(side))
    const url = URL.createObjectURL(new Blob([side.bytes], { type }))
    urls.push(url)
    const image = el('img', { src: url, alt: `The picture ${name}` })
    const size = el('p', { class: 'facts' })
    image.onload = () => (size.textContent = `${image.naturalWidth} × ${image.naturalHeight}`)
    image.onerror = () => (size.textContent = 'It is damaged, or in a format that this browser does not support.')
    return el('figure', {}, image, el('figcaption', {}, size, facts(side)))
  }
  return {
    element: el('div', { class: 'pair' }, picture(ours, 'on this device'), picture(theirs, 'at the server')),
    begin: () => undefined,
    close: () => urls.forEach((url) => URL.revokeObjectURL(url)),
  }
}

function described(ours: Side, theirs: Side): Shown {
  return {
    element: el('div', { class: 'pair' }, facts(ours), facts(theirs)),
    begin: () => undefined,
    close: () => undefined,
  }
}

/** What can be told of a content that cannot be shown. */
function facts(side: Side): HTMLElement {
  if (!side) return el('p', { class: 'calm' }, 'It was deleted meanwhile.')
  const hash = el('dd', { class: 'hash' }, side.bytes ? '…' : 'too large to be computed here')
  if (side.bytes)
    void hashOf(side).then(
      (known) => (hash.textContent = known ?? 'needs a page with https'),
      (error: unknown) => (hash.textContent = String(error)),
    )
  return el(
    'dl',
    { class: 'facts' },
    el('dt', {}, 'Size'),
    el('dd', {}, side.size < 1024 ? count(side.size, 'byte') : `${bytes(side.size)} (${count(side.size, 'byte')})`),
    el('dt', {}, 'SHA-256'),
    hash,
  )
}
