import { base, join, parent, splitName } from '../paths.js'
import { ifThere, words } from '../problems.js'
import { choose } from '../ui/dialog.js'
import { el } from '../ui/dom.js'
import { bytes, count } from '../ui/format.js'
import { type Progress, problem, progress, toast } from '../ui/toast.js'
import type { Workspace } from '../workspace.js'
import { counting } from './counting.js'
import type { Source } from './sources.js'

/** Files written together: they share one write to the device. */
const TOGETHER = 64
/** Files from this size on are streamed, one after the other. */
const LARGE = 1 << 20

type Collision = 'replace' | 'skip' | 'keep'

/** Brings files in below a directory. */
export async function importFiles(
  workspace: Workspace,
  sources: AsyncIterable<Source> | Iterable<Source>,
  directory: string,
): Promise<void> {
  const working = progress('Importing')
  const run = new Import(workspace, directory, working)
  try {
    await run.all(sources)
    if (run.files > 0)
      toast(
        `Imported ${count(run.files, 'file')}, ${bytes(run.bytes)}${run.skipped > 0 ? `; skipped ${run.skipped}` : ''}`,
      )
    else if (run.skipped > 0) toast('Nothing was imported.')
  } catch (error) {
    if (working.signal.aborted) toast(`Stopped after ${count(run.files, 'file')}. What was imported so far remains.`)
    else problem(`The import ended after ${count(run.files, 'file')}. ${words(error)}`)
  } finally {
    working.done()
  }
}

class Import {
  files = 0
  bytes = 0
  skipped = 0
  #collision: Collision | undefined
  readonly #made = new Set<string>()

  constructor(
    private readonly workspace: Workspace,
    private readonly directory: string,
    private readonly working: Progress,
  ) {}

  async all(sources: AsyncIterable<Source> | Iterable<Source>): Promise<void> {
    let small: Source[] = []
    for await (const source of sources) {
      this.working.signal.throwIfAborted()
      if (source.file.size >= LARGE) await this.#one(source)
      else if (small.push(source) === TOGETHER) {
        await this.#some(small)
        small = []
      }
    }
    await this.#some(small)
  }

  async #some(sources: Source[]): Promise<void> {
    // Questions come one after the other, and before anything is written.
    const placed: [Source, string][] = []
    for (const source of sources) {
      const target = await this.#target(source)
      if (target !== undefined) placed.push([source, target])
    }
    await Promise.all(
      placed.map(async ([{ file }, target]) =>
        this.workspace.fs.writeFile(target, await file.arrayBuffer(), { transfer: true }),
      ),
    )
    for (const [{ file }] of placed) this.#count(file.size)
  }

  async #one(source: Source): Promise<void> {
    const target = await this.#target(source)
    if (target === undefined) return
    const { size } = source.file
    const told = counting((done) => this.working.at(`${source.path}: ${bytes(done)} of ${bytes(size)}`, done / size))
    await source.file
      .stream()
      .pipeThrough(told, { signal: this.working.signal })
      .pipeTo(await this.workspace.fs.createWriteStream(target))
    this.#count(size)
  }

  #count(size: number): void {
    this.files += 1
    this.bytes += size
    this.working.at(`${count(this.files, 'file')}, ${bytes(this.bytes)}`)
  }

  /** Where a file goes, with its folders made; nowhere if it is left out. */
  async #target({ path }: Source): Promise<string | undefined> {
    const { fs } = this.workspace
    const wanted = join(
      this.directory,
      path
        .split('/')
        .filter((part) => part !== '' && part !== '.' && part !== '..')
        .join('/'),
    )
    const folder = parent(wanted)
    if (!this.#made.has(folder)) {
      if (folder !== '/') await fs.mkdir(folder, { recursive: true })
      this.#made.add(folder)
    }
    const there = await ifThere(fs.lstat(wanted))
    if (!there) return wanted
    this.#collision ??= (await ask(path)) ?? 'skip'
    if (there.isDirectory() || this.#collision === 'skip') {
      this.skipped += 1
      return undefined
    }
    return this.#collision === 'replace' ? wanted : this.#free(wanted)
  }

  /** A name beside it that nobody has. */
  async #free(path: string): Promise<string> {
    const [stem, end] = splitName(base(path))
    for (let number = 2; ; number++) {
      const other = join(parent(path), `${stem} ${number}${end}`)
      if (!(await this.workspace.fs.exists(other))) return other
    }
  }
}

function ask(path: string): Promise<Collision | undefined> {
  return choose<Collision>(
    'File already exists',
    [el('p', {}, `“${path}” already exists. What should be done with it, and with other existing files?`)],
    [
      { text: 'Skip them', value: 'skip' },
      { text: 'Replace', value: 'replace', kind: 'danger' },
      { text: 'Keep both', value: 'keep', kind: 'primary' },
    ],
  )
}
