import { textOf } from 'tarbox-device'
import { extension } from '../../tarbox/src/extension.js'
import type { TarboxFs } from '../../tarbox/src/index.js'
import { ask, type Work } from '../../tarbox/src/work.js'

/** What an engine may use. What uses more is ended, and cannot catch that. */
export interface Limits {
  /** Milliseconds that a script may run without a pause. */
  timeout?: number
  /** Bytes of memory; 512 MiB unless said otherwise. */
  memory?: number
}

export interface EvalOptions {
  /** Told what is printed. Otherwise it goes to the console. */
  onOutput?: (text: string, stream: 'stdout' | 'stderr') => void
}

/** A script has thrown, or was ended. `name`, `stack` and `code` are those of what was thrown. */
export class EvalError extends Error {
  /** The code of an error of Node's, such as `ENOENT`; `ETIMEDOUT`, `ENOMEM` or `EXIT` for what ended the engine. */
  readonly code: string | undefined

  constructor({ name, message, stack, code }: Thrown) {
    super(message)
    if (name !== undefined) this.name = name
    if (stack !== undefined) Object.defineProperty(this, 'stack', { value: stack, configurable: true, writable: true })
    this.code = code
  }
}

interface Thrown {
  name?: string
  message?: string
  stack?: string
  code?: string
}

/** What the module tells of a turn. */
interface Turn {
  wait: number | null
  settled: [number, { value?: unknown; error?: Thrown }][]
  ended: { code: number; why: 'exit' | 'timeout' | 'fuel' | 'memory' } | null
  out: string
  err: string
}

const OPERATIONS = ['new', 'begin', 'turn', 'free'] as const
const op = (name: (typeof OPERATIONS)[number]) => extension(OPERATIONS.indexOf(name))

function* create(engine: number, mountPoint: string, { timeout = 0, memory = 0 }: Limits): Work<void> {
  yield* ask(op('new'), { first: mountPoint, numbers: [engine, timeout, memory] })
}

function* begin(engine: number, kind: 'code' | 'file', text: string): Work<number> {
  return (yield* ask(op('begin'), { first: kind, second: text, numbers: [engine] })).value
}

function* turn(engine: number): Work<Turn> {
  return JSON.parse(textOf((yield* ask(op('turn'), { numbers: [engine] })).bytes)) as Turn
}

function* free(engine: number): Work<void> {
  yield* ask(op('free'), { numbers: [engine] })
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** An engine, with globals and modules of its own. */
export class QuickJSVM {
  readonly #runs = new Map<number, Waiting>()
  #turning: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #ended: EvalError | undefined
  #tell: NonNullable<EvalOptions['onOutput']> = print

  readonly #workspace: TarboxFs
  readonly #engine: number

  private constructor(workspace: TarboxFs, engine: number) {
    this.#workspace = workspace
    this.#engine = engine
  }

  /** @internal */
  static async create(workspace: TarboxFs, mountPoint: string, limits: Limits): Promise<QuickJSVM> {
    // One that no other has, also where another worker takes over.
    const engine = crypto.getRandomValues(new Uint32Array(1))[0]!
    await workspace.do(create(engine, mountPoint, limits))
    return new QuickJSVM(workspace, engine)
  }

  /** Whether a limit, `process.exit` or {@link dispose} has ended it: then it runs nothing any more. */
  get ended(): boolean {
    return this.#ended !== undefined
  }

  /** Runs code, and comes to the value of its last expression, awaited, as JSON has it. A module has no value. */
  evalCode(code: string, options: EvalOptions = {}): Promise<unknown> {
    return this.#run('code', code, options)
  }

  /** Runs a file of the workspace, as a module or a script. */
  async runFile(path: string, options: EvalOptions = {}): Promise<void> {
    await this.#run('file', path, options)
  }

  async #run(kind: 'code' | 'file', text: string, { onOutput }: EvalOptions): Promise<unknown> {
    if (this.#ended) throw this.#ended
    if (onOutput) this.#tell = onOutput
    const number = await this.#workspace.do(begin(this.#engine, kind, text))
    return new Promise((resolve, reject) => {
      this.#runs.set(number, { resolve, reject })
      this.#turn()
    })
  }

  /** Lets the engine do what there is to be done now, and again when its timers are due. */
  #turn(): void {
    clearTimeout(this.#timer)
    this.#turning = (this.#turning ?? Promise.resolve()).then(async () => {
      if (this.#ended) return
      try {
        this.#told(await this.#workspace.do(turn(this.#engine)))
      } catch (error) {
        this.#end(error as Error)
      }
    })
  }

  #told({ wait, settled, ended, out, err }: Turn): void {
    if (out) this.#tell(out, 'stdout')
    if (err) this.#tell(err, 'stderr')
    for (const [number, { value, error }] of settled) {
      const run = this.#runs.get(number)
      this.#runs.delete(number)
      if (error) run?.reject(new EvalError(error))
      else run?.resolve(value)
    }
    if (ended) return this.#end(endOf(ended))
    if (wait === null && this.#runs.size > 0) {
      const error = new EvalError({ message: 'nothing is left that could settle this promise' })
      for (const { reject } of this.#runs.values()) reject(error)
      this.#runs.clear()
    } else if (wait !== null) {
      clearTimeout(this.#timer)
      // Longer ones would be taken for none.
      this.#timer = setTimeout(() => this.#turn(), Math.min(wait, 2 ** 31 - 1))
    }
  }

  #end(error: Error): void {
    clearTimeout(this.#timer)
    this.#ended = error instanceof EvalError ? error : new EvalError({ message: error.message })
    for (const { reject } of this.#runs.values()) reject(error)
    this.#runs.clear()
  }

  /** Ends the engine and frees its memory. */
  async dispose(): Promise<void> {
    if (this.#ended?.code === 'EXIT') return
    this.#end(new EvalError({ message: 'the engine was disposed of', code: 'EXIT' }))
    await this.#turning
    await this.#workspace.do(free(this.#engine)).catch((error: { code?: string }) => {
      // It went with the worker that it was in.
      if (error.code !== 'EBADF') throw error
    })
  }
}

function endOf({ code, why }: NonNullable<Turn['ended']>): EvalError {
  switch (why) {
    case 'timeout':
      return new EvalError({ message: 'the script ran for too long', code: 'ETIMEDOUT' })
    case 'memory':
      return new EvalError({ message: 'the script needs more memory than it may have', code: 'ENOMEM' })
    default:
      return new EvalError({ message: `the script has ended itself with code ${code}`, code: 'EXIT' })
  }
}

function print(text: string, stream: 'stdout' | 'stderr'): void {
  const line = text.replace(/\n$/, '')
  if (stream === 'stdout') console.log(line)
  else console.error(line)
}
