import { splitName } from '../paths.js'
import { el } from '../ui/dom.js'
import type { Node } from './model.js'

/**
 * Lets a name be typed where it stands. Enter and going elsewhere accept it, Escape does not. At the end `done` hears
 * whether it has to be typed again.
 */
export function editName(
  label: Element,
  node: Node,
  rename: (name: string) => Promise<boolean>,
  done: (again: boolean) => void,
): void {
  const input = el('input', {
    type: 'text',
    value: node.name,
    'aria-label': `New name of ${node.name}`,
    spellcheck: 'false',
    autocomplete: 'off',
  })
  let finished = false
  const finish = async (accept: boolean) => {
    if (finished) return
    finished = true
    const name = input.value
    const again = accept && name !== node.name && !(await rename(name))
    input.replaceWith(label)
    done(again)
  }
  input.addEventListener('keydown', (event) => {
    event.stopPropagation()
    if (event.key === 'Enter' && !event.isComposing) void finish(true)
    else if (event.key === 'Escape') void finish(false)
  })
  input.addEventListener('click', (event) => event.stopPropagation())
  input.addEventListener('blur', () => void finish(true))
  label.replaceWith(input)
  input.focus()
  // What a file is stays as it is, unless somebody wants it otherwise.
  input.setSelectionRange(0, (node.isDirectory ? node.name : splitName(node.name)[0]).length)
}
