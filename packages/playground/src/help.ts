import { MOD } from './ui/controls.js'
import { tell } from './ui/dialog.js'
import { el } from './ui/dom.js'

/** What the page is, and its keys. */
export function help(): void {
  const row = (keys: string, what: string) => [el('dt', {}, el('kbd', {}, keys)), el('dd', {}, what)]
  void tell('Help and keys', [
    el(
      'p',
      {},
      'Everything here stays in this browser, in a workspace that keeps every state you seal. Files are saved automatically. All tabs show the same workspace, and are updated as it changes.',
    ),
    el(
      'p',
      {},
      'Under Sync it can be kept in step with a Tarbox server, for other devices and other people. It goes on without a network, and the state is at the top of the page.',
    ),
    el(
      'dl',
      { class: 'keys' },
      ...row(`${MOD}S`, 'save now'),
      ...row(`${MOD}F`, 'find in the file'),
      ...row(`${MOD}Enter`, 'run the SQL'),
      ...row('↑ ↓ ← →', 'move in the file list, open and close folders'),
      ...row('Enter', 'open the file'),
      ...row('F2', 'rename'),
      ...row('Del', 'delete, or close a tab'),
      ...row('Shift F10', 'the menu of a file'),
      ...row('a b c …', 'go to a name by its first letters'),
      ...row('F6', 'go to the next part of the page'),
      ...row('Esc, Tab', 'leave the editor'),
    ),
    el(
      'p',
      { class: 'note' },
      'Built with free software: ',
      el('a', { href: 'licences.txt', target: '_blank' }, 'licences'),
      '.',
    ),
  ])
}
