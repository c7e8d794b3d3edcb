import { sql as sqlLanguage, SQLite } from '@codemirror/lang-sql'
import { Compartment, EditorState, Prec } from '@codemirror/state'
import { EditorView, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { basics, mount } from '../documents/editor.js'
import { FileDoc } from '../documents/file-doc.js'
import { stamp, writeIf } from '../documents/stamp.js'
import { download } from '../exchange/tar.js'
import { attempt, ifThere, words } from '../problems.js'
import { button, MOD } from '../ui/controls.js'
import { el, fill } from '../ui/dom.js'
import { bytes, count } from '../ui/format.js'
import { icon } from '../ui/icons.js'
import { menu } from '../ui/menu.js'
import type { Workspace } from '../workspace.js'
import { SqlClient } from './client.js'
import { failures, markFailure } from './failures.js'
import { csv, Grid } from './grid.js'
import { remember, remembered } from './past.js'
import { plan } from './plan.js'
import type { Ran, Result, Table } from './protocol.js'
import { Schema, selectAll } from './schema.js'

/** The largest database that is opened: all of it is in memory while it is. */
const LARGEST = 256 << 20

/**
 * SQL on a file of the workspace. The database is in memory while it is open; each change that is committed writes the
 * file, unless somebody else has written it meanwhile.
 */
export class SqlDoc extends FileDoc {
  readonly icon = 'database' as const
  readonly #client = new SqlClient()
  readonly #view: EditorView
  readonly #schema = new Schema((table) => this.#look(table))
  readonly #message = el('p', { class: 'message', role: 'status' })
  readonly #chips = el('div', { class: 'chips', role: 'group', 'aria-label': 'Results' })
  readonly #grid = new Grid()
  readonly #plan = el('div', { class: 'plan', tabindex: 0, role: 'region', 'aria-label': 'Query plan' })
  readonly #run: HTMLButtonElement
  readonly #stop: HTMLButtonElement
  readonly #planning: HTMLButtonElement
  readonly #csv: HTMLButtonElement
  readonly #language = new Compartment()
  #stamp = ''
  #size = 0
  #busy = false
  #inTransaction = false
  #unsaved: Uint8Array<ArrayBuffer> | undefined
  #results: Result[] = []
  #shown: Result | undefined

  private constructor(workspace: Workspace, path: string) {
    super(workspace, path, 'sql')
    const host = el('div', { class: 'editor' })
    this.#run = button('Run', () => void this.run(), {
      icon: 'play',
      kind: 'primary',
      label: 'Run the selection, or everything',
      keys: `${MOD}Enter`,
    })
    this.#planning = button('Explain', () => void this.#explain(), {
      icon: 'plan',
      kind: 'quiet',
      label: 'Show the query plan (EXPLAIN QUERY PLAN)',
    })
    this.#stop = button('Stop', () => void this.#end(), { icon: 'stop' })
    this.#stop.hidden = true
    this.#csv = button('CSV', () => this.#shown && download(csv(this.#shown), `${this.title}.csv`), {
      icon: 'download',
      kind: 'quiet',
      label: 'Export this result as CSV',
    })
    const past = button('', () => this.#history(past), { icon: 'history', label: 'Recent statements', kind: 'quiet' })
    past.setAttribute('aria-haspopup', 'menu')
    const bar = el(
      'div',
      { class: 'runbar' },
      this.#run,
      this.#stop,
      this.#planning,
      past,
      el('span', { class: 'space' }),
      this.#csv,
    )
    this.frame.body.append(
      this.#schema.element,
      el(
        'div',
        { class: 'console' },
        host,
        bar,
        el(
          'div',
          { class: 'outcome' },
          el('div', { class: 'line' }, this.#message, this.#chips),
          this.#grid.element,
          this.#plan,
        ),
      ),
    )
    this.#view = mount(host, this.#state())
    this.#show(undefined)
  }

  static async open(workspace: Workspace, path: string): Promise<SqlDoc> {
    const doc = new SqlDoc(workspace, path)
    try {
      await doc.#load()
    } catch (error) {
      doc.close()
      throw error
    }
    const [first] = doc.#tables
    const before = remembered(doc)[0]
    const look = first && selectAll(first)
    doc.#view.dispatch({
      changes: {
        from: 0,
        insert:
          before ?? look ?? '-- An empty database.\nCREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n',
      },
    })
    // Only what is known to change nothing is run unasked.
    if (!before && look) await doc.#do(() => doc.#client.run(look))
    return doc
  }

  #state(): EditorState {
    return EditorState.create({
      extensions: [
        Prec.highest(keymap.of([{ key: 'Mod-Enter', run: () => (void this.run(), true) }])),
        basics,
        lineNumbers(),
        failures,
        placeholder('SQL, such as SELECT 1'),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': 'SQL to run' }),
        this.#language.of(sqlLanguage({ dialect: SQLite })),
      ],
    })
  }

  override get dirty(): boolean {
    return this.#unsaved !== undefined
  }

  focus(): void {
    this.#view.focus()
  }

  status(): string {
    const state = this.#inTransaction
      ? 'a transaction is open; COMMIT writes the file'
      : this.workspace.readOnly
        ? 'read only'
        : 'each commit writes the file'
    return `SQLite · ${bytes(this.#size)} · ${state}`
  }

  #tables: Table[] = []

  async #load(): Promise<void> {
    const { fs } = this.workspace
    const stats = await fs.stat(this.path)
    if (stats.size > LARGEST) {
      throw new Error(
        `It has ${bytes(stats.size)}, but the console keeps open databases in memory, and supports at most ${bytes(LARGEST)}. Open it as bytes, or export it.`,
      )
    }
    const log = await ifThere(fs.stat(`${this.path}-wal`))
    if (log && log.size > 0) {
      throw new Error(
        `There is a write-ahead log beside it (${this.title}-wal) that belongs to it. Bring it in with the program that wrote it (PRAGMA wal_checkpoint), and import the file again.`,
      )
    }
    const content = await fs.readFile(this.path)
    this.#stamp = stamp(stats)
    this.#size = stats.size
    this.#wasReadOnly = this.workspace.readOnly
    await this.#client.open(content, this.#wasReadOnly)
    this.#inTransaction = false
    this.#unsaved = undefined
    await this.#describe()
  }

  async #describe(): Promise<void> {
    this.#tables = await this.#client.schema()
    const schema = Object.fromEntries(
      this.#tables.map(({ name, columns }) => [name, columns.map((column) => column.name)]),
    )
    this.#view.dispatch({ effects: this.#language.reconfigure(sqlLanguage({ dialect: SQLite, schema })) })
    this.#schema.show(this.#tables)
  }

  #look(table: Table): void {
    const text = selectAll(table)
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } })
    void this.run()
  }

  #selected(): { text: string; from: number } {
    const { state } = this.#view
    const { from, to, empty } = state.selection.main
    return empty ? { text: state.doc.toString(), from: 0 } : { text: state.sliceDoc(from, to), from }
  }

  async run(): Promise<void> {
    const { text, from } = this.#selected()
    if (text.trim() === '') return
    remember(this, this.#view.state.doc.toString())
    await this.#do(() => this.#client.run(text), from)
  }

  async #explain(): Promise<void> {
    const { text } = this.#selected()
    if (text.trim() !== '') await this.#do(() => this.#client.plan(text), undefined, true)
  }

  /** Runs one thing at a time, and shows what came of it. Without `from` a failure has no place in the text. */
  async #do(act: () => Promise<Ran>, from?: number, planned = false): Promise<void> {
    if (this.#busy) return
    this.#setBusy(true)
    this.#view.dispatch({ effects: markFailure.of(undefined) })
    try {
      await this.#reopened
      if (!this.#client.ready) await this.#load()
      const ran = await act()
      this.#inTransaction = ran.inTransaction
      this.#outcome(ran, from, planned)
      if (ran.bytes) await this.#write(ran.bytes)
      if (ran.bytes || ran.inTransaction) await this.#describe()
    } catch (error) {
      this.#say(words(error), true)
      this.#show(undefined)
    } finally {
      this.#setBusy(false)
      this.updated.tell()
      if (this.#missed) void attempt('The database could not be reloaded', () => this.refresh())
    }
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy
    this.#run.hidden = busy
    this.#stop.hidden = !busy
    this.#planning.disabled = busy
  }

  /** What runs next waits for this: a worker that was ended has to be given the database again. */
  #reopened: Promise<unknown> = Promise.resolve()

  /** Ends what takes too long. What is not in the file is gone with it: what was not committed, and all of this run. */
  async #end(): Promise<void> {
    this.#client.stop('Stopped. Its changes and all uncommitted changes were rolled back.')
    this.#reopened = attempt('The database could not be reopened', () => this.#load())
    await this.#reopened
  }

  #outcome({ results, failure }: Ran, from: number | undefined, planned: boolean): void {
    this.#results = results
    const last = results.findLast(({ columns }) => columns.length > 0)
    this.#show(planned ? undefined : last)
    if (planned) {
      this.#plan.hidden = results.length === 0
      fill(this.#plan, ...results.map(plan))
    }
    if (failure) {
      const line =
        from === undefined
          ? undefined
          : this.#view.state.doc.lineAt(Math.min(failure.from + from, this.#view.state.doc.length))
      if (from !== undefined) {
        this.#view.dispatch({
          effects: markFailure.of({ ...failure, from: failure.from + from, to: failure.to + from }),
          selection: { anchor: Math.min(failure.from + from, this.#view.state.doc.length) },
          scrollIntoView: true,
        })
      }
      const before =
        results.length > 0
          ? ` ${count(results.length, 'statement')} before it ${results.length === 1 ? 'was' : 'were'} run.`
          : ''
      return this.#say(`${line ? `Line ${line.number}: ` : ''}${failure.message}.${before}`, true)
    }
    const ms = results.reduce((all, result) => all + result.ms, 0)
    const changes = results.reduce((all, result) => all + result.changes, 0)
    const parts = [
      last && !planned ? `${last.more ? 'the first ' : ''}${count(last.rows.length, 'row')}` : '',
      changes > 0 ? `${count(changes, 'row')} changed` : '',
      `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`,
    ]
    this.#say(results.length === 0 ? 'There was nothing to run.' : parts.filter(Boolean).join(', '), false)
  }

  #say(text: string, wrong: boolean): void {
    this.#message.classList.toggle('wrong', wrong)
    fill(this.#message, wrong ? icon('warning', 14) : null, text)
  }

  #show(result: Result | undefined): void {
    this.#shown = result
    this.#plan.hidden = true
    this.#grid.element.hidden = !result
    this.#csv.disabled = !result
    if (result) this.#grid.show(result)
    const several = this.#results.filter(({ columns }) => columns.length > 0)
    fill(
      this.#chips,
      ...(several.length > 1 ? several : []).map((one, at) =>
        el(
          'button',
          {
            type: 'button',
            class: 'chip',
            'aria-pressed': String(one === result),
            title: one.sql,
            onclick: () => this.#show(one),
          },
          `${at + 1}: ${count(one.rows.length, 'row')}`,
        ),
      ),
    )
  }

  async #write(content: Uint8Array<ArrayBuffer>, force = false): Promise<boolean> {
    this.#unsaved = content
    try {
      const written = await writeIf(
        this.workspace,
        this.path,
        content,
        (now) => force || !now || stamp(now) === this.#stamp,
      )
      if (!written) {
        this.#disagree()
        return false
      }
      this.#stamp = stamp(written)
      this.#size = written.size
      this.#unsaved = undefined
      this.frame.notice(undefined)
      return true
    } catch (error) {
      this.frame.notice(`Committed changes could not be written to the file yet. ${words(error)}`, [
        'Try again',
        () => void this.save(),
      ])
      return false
    } finally {
      this.updated.tell()
    }
  }

  async save(): Promise<boolean> {
    return this.#unsaved ? this.#write(this.#unsaved) : true
  }

  #disagree(): void {
    this.frame.notice(
      'The file was changed elsewhere while this console was open.',
      [
        'Keep my version',
        () =>
          void (
            this.#unsaved
              ? this.#write(this.#unsaved, true)
              : attempt(
                  'The file could not be read',
                  async () => void (this.#stamp = stamp(await this.workspace.fs.stat(this.path))),
                )
          ).then(() => this.frame.notice(undefined)),
      ],
      ['Load the other version', () => void this.#again()],
    )
  }

  async #again(): Promise<void> {
    await attempt('The database could not be reloaded', () => this.#load())
    this.frame.notice(undefined)
    this.#say('The file was changed elsewhere, and reloaded.', false)
    this.updated.tell()
  }

  #wasReadOnly = false
  /** Something changed while a statement ran. */
  #missed = false

  async refresh(): Promise<void> {
    this.#missed = this.#busy
    if (this.#busy) return
    const { readOnly } = this.workspace
    const stats = await ifThere(this.workspace.fs.stat(this.path))
    if (!stats) return this.frame.notice('The file does not exist any more.')
    if (stamp(stats) === this.#stamp && readOnly === this.#wasReadOnly) return
    if (this.#inTransaction || this.#unsaved) this.#disagree()
    else await this.#again()
  }

  #history(at: HTMLElement): void {
    const all = remembered(this)
    const put = (text: string) => {
      this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } })
      this.#view.focus()
    }
    menu(
      at,
      all.length === 0
        ? [{ text: 'No statements yet', disabled: true, act: () => undefined }]
        : all.slice(0, 15).map((text) => ({ text: text.replace(/\s+/g, ' ').slice(0, 60), act: () => put(text) })),
    )
  }

  async closing(): Promise<boolean> {
    if (!this.#inTransaction) return true
    const { confirm } = await import('../ui/dialog.js')
    return confirm(
      'A transaction is open',
      'Its changes will be rolled back when the console is closed. Run COMMIT to keep them.',
      'Roll back and close',
    )
  }

  close(): void {
    this.#client.stop()
    this.#view.destroy()
  }
}
