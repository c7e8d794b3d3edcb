import { type Extension, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view'
import type { Failure } from './protocol.js'

/** Marks where a statement failed, or nothing any more. */
export const markFailure = StateEffect.define<Failure | undefined>()

/** Underlines what SQLite could not make sense of, until something is typed. */
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(markFailure)) continue
      const { length } = transaction.newDoc
      const { from, to } = effect.value ?? { from: 0, to: 0 }
      const start = Math.min(from, Math.max(0, length - 1))
      shown =
        effect.value && length > 0
          ? Decoration.set([
              Decoration.mark({ class: 'cm-failure' }).range(start, Math.max(start + 1, Math.min(to, length))),
            ])
          : Decoration.none
    }
    return transaction.docChanged ? Decoration.none : shown
  },
  provide: (field) => EditorView.decorations.from(field),
})

const theme = EditorView.theme({
  '.cm-failure': {
    textDecoration: 'underline wavy var(--danger)',
    textUnderlineOffset: '4px',
    backgroundColor: 'var(--danger-soft)',
  },
  '.cm-content': { padding: '8px 0' },
})

export const failures: Extension = [marks, theme]
