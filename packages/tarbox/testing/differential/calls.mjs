/**
 * Random calls, as the source of an expression over `fs`, `root`, `h` (what is open) and `Buffer`, so that a sequence that
 * fails can be read, and run again.
 */
import { Random } from './random.mjs'

const NAMES = ['a', 'b', 'c', 'd', 'é', '\uFEFFx', 'a b']
const MODES = [
  '0o600',
  '0o644',
  '0o755',
  '0o700',
  '0o444',
  '0o000',
  '0o4755',
  '0o2777',
  '0o1777',
  "'640'",
  '0o777',
  '0o100',
  '0o170777',
]
const BAD_MODES = ["'abc'", '-1', '1.5', 'null', '{}', '2 ** 33', "''", 'true', "'0o755'"]
const FLAGS = [
  'r',
  'r+',
  'rs',
  'rs+',
  'sr',
  'sr+',
  'w',
  'wx',
  'xw',
  'w+',
  'wx+',
  'xw+',
  'a',
  'ax',
  'xa',
  'as',
  'sa',
  'a+',
  'ax+',
  'xa+',
  'as+',
  'sa+',
].map(quote)
const NUMBER_FLAGS = [
  '0',
  '1',
  '2',
  '64',
  '65',
  '66',
  '193',
  '194',
  '577',
  '578',
  '1025',
  '1026',
  '1089',
  '65536',
  '131072',
  '514',
  '1090',
]
const BAD_FLAGS = ["'x'", "'rw'", "'R'", "'rx'", "'+'", '1.5', '{}', 'true', '2 ** 40', "'w+x'"]
const ENCODINGS = [
  'utf8',
  'utf-8',
  'UTF8',
  'latin1',
  'binary',
  'ascii',
  'hex',
  'base64',
  'base64url',
  'utf16le',
  'ucs2',
  'ucs-2',
  'UTF-16LE',
].map(quote)
const BAD_ENCODINGS = ["'utf9'", "'buffer'", "''", 'null', '5', '{}', "'utf-32'"]
const TEXTS = [
  "''",
  "'text'",
  "'h\\u00e9llo w\\u00f6rld'",
  "'\\uFEFFbom'",
  "'6869'",
  "'aGk='",
  "'aGk_-w'",
  "'zz'",
  "'\\u{1F600}'",
  "'a\\ud800b'",
  "'x'.repeat(3000)",
  "'abc'",
  "'YQ==YQ=='",
  "'6g6869'",
  "'a Gk='",
  "'aGkK\\nZm8'",
  "'abcde'",
]
const BYTES = [
  'Buffer.from([])',
  'Buffer.from([0, 255, 128, 13, 10])',
  "Buffer.from('bytes')",
  'Buffer.alloc(70000, 7)',
  'new Uint8Array([1, 2, 3])',
  'new Uint16Array([513, 1027])',
  'new DataView(new ArrayBuffer(3), 1)',
  'Buffer.from([239, 187, 191, 65])',
  'Buffer.from([255, 254, 65, 0])',
  'Buffer.from([237, 160, 128, 65])',
]
const BAD_DATA = ['5', 'null', 'undefined', '{}', 'true', '[1]', 'new Date(5)', '10n']
const TIMES = [
  '1',
  '0',
  '1.5',
  '1234567890.123',
  '0.1',
  'new Date(-1500)',
  'new Date(86400000)',
  'new Date(1234567890123)',
  "'77'",
  "'1.25'",
  '1e9',
  'new Date(5)',
  '1600000000.987654',
]
const BAD_TIMES = ['NaN', "'soon'", '{}', 'null', 'undefined', '10n', "'12px'"]

/** Who is not root keeps what it needs for itself, and gives nothing away. */
const IS_ROOT = process.getuid() === 0
const OWN_MODES = ['0o755', '0o700', '0o777', '0o750', "'740'"]

function quote(text) {
  return `'${text}'`
}

/** Makes the calls of one sequence, in the shape of `fs` or of `fs.promises`. */
export class Calls {
  #handles = 0

  constructor(seed, isSync) {
    this.random = new Random(seed)
    this.isSync = isSync
  }

  sequence(length) {
    return Array.from({ length }, () => this.call())
  }

  call() {
    const kind = this.random.weighted([
      [14, 'write'],
      [6, 'read'],
      [8, 'mkdir'],
      [5, 'list'],
      [6, 'stat'],
      [5, 'remove'],
      [6, 'rename'],
      [7, 'link'],
      [4, 'attributes'],
      [5, 'copy'],
      [5, 'cp'],
      [9, 'open'],
      [this.#handles > 0 ? 22 : 0, 'handle'],
      [3, 'truncate'],
      [3, 'access'],
      [1, 'temporary'],
    ])
    return this[kind]()
  }

  // Arguments.

  name() {
    const { random } = this
    const one = () => random.pick(NAMES)
    return random.weighted([
      [40, one],
      [25, () => `${one()}/${one()}`],
      [8, () => `${one()}/${one()}/${one()}`],
      [3, () => `${one()}/`],
      [2, () => `${one()}//${one()}`],
      [2, () => `./${one()}`],
      [2, () => `${one()}/.`],
      [2, () => `${one()}/../${one()}`],
      [1, () => `${one()}/..`],
      [1, () => '.'],
      [1, () => 'n'.repeat(256)],
      [0.5, () => `${one()}/${'n'.repeat(255)}`],
      [1, () => `${one()}/${one()}/`],
    ])()
  }

  plainPath(name = this.name()) {
    return JSON.stringify(name).replace(/^"/, '`${root}/').replace(/"$/, '`')
  }

  path() {
    const text = this.plainPath()
    return this.random.weighted([
      [90, text],
      [3, `Buffer.from(${text})`],
      [3, `url(${text})`],
      [0.4, 'null'],
      [0.4, this.isSync ? '[]' : '5'],
      [0.4, '{}'],
      [0.4, 'undefined'],
      [0.4, "''"],
      [0.5, "root + '/a\\0b'"],
      [0.4, "new URL('http://host/a')"],
      [0.4, "new URL('file:///a%2fb')"],
      [0.3, "new URL('file://host/a')"],
      [0.4, 'true'],
    ])
  }

  /** Where two paths are wrong, which of them is said is not compared. */
  twoPaths() {
    const path = () => this.plainPath(this.name().replace(/n{100,}/, 'n'))
    return this.random.chance(0.1)
      ? [this.path(), this.plainPath('b')].map((of) => of.replace(/n{100,}/, 'n'))
      : [path(), path()]
  }

  mode() {
    // A synchronous call takes null for no mode here, but not there.
    const mode = this.random.pick(this.random.chance(0.06) ? BAD_MODES : IS_ROOT ? MODES : OWN_MODES)
    return this.isSync && mode === 'null' ? '0' : mode
  }

  flag() {
    return this.random.weighted(
      [
        [80, FLAGS],
        [12, NUMBER_FLAGS],
        [6, BAD_FLAGS],
      ].map(([weight, list]) => [weight, this.random.pick(list)]),
    )
  }

  encoding() {
    return this.random.pick(this.random.chance(0.12) ? BAD_ENCODINGS : ENCODINGS)
  }

  /** Node.js says of `buffer` that it is unknown where it could do what is meant. */
  contentEncoding() {
    return this.encoding().replace("'buffer'", "'utf8'")
  }

  data() {
    const { random } = this
    return random.weighted([
      [50, random.pick(TEXTS)],
      [40, random.pick(BYTES)],
      [4, random.pick(BAD_DATA)],
    ])
  }

  time() {
    return this.random.pick(this.random.chance(0.08) ? BAD_TIMES : TIMES)
  }

  /** An object of some of these, each with a chance of its own. */
  options(choices) {
    const parts = Object.entries(choices).flatMap(([name, [chance, value]]) =>
      this.random.chance(chance) ? [`${name}: ${value()}`] : [],
    )
    return `{ ${parts.join(', ')} }`.replace('{  }', '{}')
  }

  flagged(chance) {
    return [
      chance,
      () =>
        this.random.weighted([
          [50, 'true'],
          [30, 'false'],
          [1, "'yes'"],
          [1, 'null'],
          [1, '1'],
        ]),
    ]
  }

  fs(name, ...args) {
    while (args.length > 0 && args.at(-1) === undefined) args.pop()
    return `fs.${name}${this.isSync ? 'Sync' : ''}(${args.join(', ')})`
  }

  /** What Node.js takes for true or false without looking. */
  loose(chance) {
    return this.isSync ? this.flagged(chance) : [chance, () => this.random.pick(['true', 'true', 'false'])]
  }

  maybe(chance, value) {
    return this.random.chance(chance) ? value() : undefined
  }

  // Calls.

  write() {
    const options = () =>
      this.random.chance(0.3)
        ? this.encoding()
        : this.options({
            encoding: [0.4, () => this.encoding()],
            flag: [0.5, () => this.flag()],
            mode: [0.4, () => this.mode()],
            flush: this.flagged(0.1),
          })
    return this.fs(
      this.random.chance(0.75) ? 'writeFile' : 'appendFile',
      this.path(),
      this.data(),
      this.maybe(0.6, options),
    )
  }

  read() {
    const options = () =>
      this.random.chance(0.5)
        ? this.contentEncoding()
        : this.options({ encoding: [0.6, () => this.contentEncoding()], flag: [0.4, () => this.flag()] })
    return this.fs('readFile', this.path(), this.maybe(0.7, options))
  }

  mkdir() {
    const options = () =>
      this.random.chance(0.3)
        ? this.mode()
        : this.options({ recursive: this.flagged(0.7), mode: [0.4, () => this.mode()] })
    return this.fs('mkdir', this.path(), this.maybe(0.7, options))
  }

  list() {
    if (this.random.chance(0.2))
      return `entriesOf(${this.fs(
        'opendir',
        this.path(),
        this.maybe(0.3, () => this.options({ encoding: [0.2, () => this.encoding()] })),
      )})`
    const options = () =>
      this.random.weighted([
        [
          60,
          this.options({ withFileTypes: [0.5, () => this.random.pick(['true', 'false'])], recursive: this.loose(0.4) }),
        ],
        [20, this.options({ withFileTypes: [0.4, () => 'true'], encoding: [0.8, () => this.encoding()] })],
        [20, this.encoding()],
      ])
    return this.fs('readdir', this.path(), this.maybe(0.7, options))
  }

  stat() {
    const name = this.random.pick(['stat', 'lstat', 'readlink', 'realpath'])
    if (name === 'stat' || name === 'lstat')
      return this.fs(
        name,
        this.path(),
        this.maybe(0.4, () => this.options({ bigint: [0.7, () => 'true'], throwIfNoEntry: [0.3, () => 'false'] })),
      )
    return this.fs(
      name,
      name === 'realpath' ? this.plainPath() : this.path(),
      this.maybe(0.3, () => this.encoding()),
    )
  }

  access() {
    return this.isSync && this.random.chance(0.5)
      ? this.fs('exists', this.path())
      : this.fs(
          'access',
          this.path(),
          this.maybe(0.6, () => this.random.pick(['0', '1', '2', '4', '5', '7', '8', "'r'", '1.5', '-1', 'null'])),
        )
  }

  remove() {
    const { random } = this
    const options = () =>
      this.options({
        recursive: this.flagged(0.6),
        force: this.flagged(0.4),
        maxRetries: [0.05, () => random.pick(['1', '-1', "'a'"])],
      })
    return random.weighted([
      [3, () => this.fs('rm', this.path(), this.maybe(0.7, options))],
      [3, () => this.fs('unlink', this.path())],
      [
        3,
        () =>
          this.fs(
            'rmdir',
            this.path(),
            this.maybe(0.2, () => this.options({ recursive: this.flagged(0.5) })),
          ),
      ],
    ])()
  }

  rename() {
    return this.fs('rename', ...this.twoPaths())
  }

  link() {
    const { random } = this
    const target = () =>
      random.weighted([
        [40, `'${random.pick(NAMES)}'`],
        [30, this.plainPath()],
        [10, "'.'"],
        [10, "'nowhere'"],
        [5, `'${random.pick(NAMES)}/${random.pick(NAMES)}'`],
        [2, "''"],
        [1, 'null'],
      ])
    if (random.chance(0.4)) return this.fs('link', ...this.twoPaths())
    return this.fs(
      'symlink',
      target(),
      this.path(),
      this.maybe(0.2, () => random.pick(["'dir'", "'file'", "'junction'", "'other'", 'null', '5'])),
    )
  }

  attributes() {
    const { random } = this
    const path = this.path()
    const id = () => random.pick(['0', '1000', '-1', '65534', '4294967295', '-2', "'root'", '1.5'])
    return random.weighted([
      [4, () => this.fs('chmod', path, this.mode())],
      [Number(IS_ROOT), () => this.fs('chown', path, id(), id())],
      [Number(IS_ROOT), () => this.fs('lchown', path, id(), id())],
      [3, () => this.fs('utimes', path, this.time(), this.time())],
      [2, () => this.fs('lutimes', path, this.time(), this.time())],
      [2, () => this.timed('utimes', 'stat')],
      [1, () => this.timed('lutimes', 'lstat')],
    ])()
  }

  /** Sets times and asks for them before anything else can change them. */
  timed(set, get) {
    const path = this.plainPath()
    const asked = this.fs(get, path, '{ bigint: true }')
    const act = this.fs(set, path, this.time(), this.time())
    return this.isSync ? `(${act}, times(${asked}))` : `${act}.then(async () => times(await ${asked}))`
  }

  copy() {
    return this.fs(
      'copyFile',
      ...this.twoPaths(),
      this.maybe(0.3, () => this.random.pick(['0', '1', '2', '3', '8', '-1', "'1'", '1.5'])),
    )
  }

  cp() {
    const options = () =>
      this.options({
        recursive: this.flagged(0.9),
        force: this.flagged(0.3),
        errorOnExist: this.flagged(0.3),
        dereference: this.flagged(0.15),
        verbatimSymlinks: this.flagged(0.15),
        preserveTimestamps: this.flagged(0.1),
        mode: [0.05, () => this.random.pick(['0', '1', '2', '9'])],
        filter: [
          0.15,
          () =>
            this.random.pick([
              "(from) => !from.endsWith('b')",
              '() => true',
              '() => false',
              this.isSync ? '() => 1' : 'async (_, to) => !to.endsWith("c")',
              '5',
            ]),
        ],
      })
    return this.fs(
      'cp',
      this.plainPath(this.name().replace(/n{100,}/, 'n')),
      this.plainPath(this.name().replace(/n{100,}/, 'n')),
      this.maybe(0.8, options),
    )
  }

  truncate() {
    return this.fs(
      'truncate',
      this.path(),
      this.maybe(0.8, () => this.random.pick(['0', '1', '5', '100', '5000', '-1', "'5'", '1.5', 'null'])),
    )
  }

  temporary() {
    const prefix = this.plainPath()
    const moved = `${prefix.slice(0, -1)}-t\``
    const rename = (made) => this.fs('rename', made, moved)
    const made = this.fs('mkdtemp', prefix)
    return this.isSync
      ? `((d) => (${rename('d')}, d.slice(0, -6)))(${made})`
      : `${made}.then(async (d) => (await ${rename('d')}, d.slice(0, -6)))`
  }

  open() {
    const at = this.#handles++
    return `keep(${at}, ${this.fs(
      'open',
      this.path(),
      this.maybe(0.9, () => this.flag()),
      this.maybe(0.4, () => this.mode()),
    )})`
  }

  handle() {
    const { random } = this
    const at = random.below(this.#handles)
    const on = (name, syncName, ...args) => {
      while (args.length > 0 && args.at(-1) === undefined) args.pop()
      return this.isSync
        ? `fs.${syncName ?? `f${name}`}Sync(${[`h[${at}]`, ...args].join(', ')})`
        : `h[${at}].${name}(${args.join(', ')})`
    }
    const number = (list) => random.pick([...list, random.pick(['-1', '1.5', "'1'", 'null', 'undefined', '100', '{}'])])
    const position = () =>
      random.pick([
        'null',
        'undefined',
        '0',
        '1',
        '3',
        '10',
        '-1',
        'null',
        'null',
        random.pick(["'1'", '1.5', '2n', '-2', '{}']),
      ])
    const into = (call) =>
      this.isSync
        ? `((b) => [${call}, b.toString('hex')])(Buffer.alloc(${random.pick([8, 8, 4, 0, 40])}))`
        : `(async (b) => [(await ${call}).bytesRead, b.toString('hex')])(Buffer.alloc(${random.pick([8, 8, 4, 0, 40])}))`
    const options = () =>
      this.options({
        offset: [0.4, () => number(['0', '2', '4'])],
        length: [0.4, () => random.pick(['0', '1', '4', '-1', '100'])],
        position: [0.5, position],
      })
    return random.weighted([
      [
        5,
        () =>
          into(
            on(
              'read',
              'read',
              'b',
              random.chance(0.3) ? '0' : number(['0', '1', '4']),
              random.pick(['4', '4', '0', '1', '8', '-1', '100', 'undefined', 'null']),
              position(),
            ),
          ),
      ],
      [3, () => into(on('read', 'read', 'b', this.maybe(0.7, options)))],
      [
        6,
        () =>
          on(
            'write',
            'write',
            this.random.pick(BYTES),
            this.maybe(0.5, () => number(['0', '1', '2'])),
            this.maybe(0.4, () => number(['0', '1', '2'])),
            this.maybe(0.4, position),
          ),
      ],
      [2, () => on('write', 'write', this.random.pick(BYTES), this.maybe(0.5, options))],
      [
        4,
        () =>
          on(
            'write',
            'write',
            this.random.pick(TEXTS),
            this.maybe(0.5, position),
            this.maybe(0.4, () => this.encoding()),
          ),
      ],
      [1, () => on('writev', 'writev', '[Buffer.from("one"), new Uint8Array([1, 2])]', this.maybe(0.5, position))],
      [1, () => on('writev', 'writev', random.pick(['[]', '5', '[5]', '[Buffer.alloc(0)]']))],
      [
        1,
        () =>
          this.isSync
            ? `((b) => [${on('readv', 'readv', 'b', position())}, b.map(String)])([Buffer.alloc(3), Buffer.alloc(5)])`
            : `(async (b) => [(await ${on('readv', 'readv', 'b', position())}).bytesRead, b.map(String)])([Buffer.alloc(3), Buffer.alloc(5)])`,
      ],
      [
        2,
        () =>
          on(
            'stat',
            undefined,
            this.maybe(0.3, () => '{ bigint: true }'),
          ),
      ],
      [
        2,
        () =>
          on(
            'truncate',
            undefined,
            this.maybe(0.8, () => random.pick(['0', '2', '10', '4000', '-5', "'1'", '1.5'])),
          ),
      ],
      [1, () => on('chmod', undefined, this.mode())],
      [1, () => on('utimes', undefined, this.time(), this.time())],
      [1, () => on('sync', 'fsync')],
      [1, () => on('datasync', 'fdatasync')],
      [
        2,
        () =>
          this.isSync
            ? `fs.readFileSync(h[${at}], ${this.contentEncoding()})`
            : `h[${at}].readFile(${this.contentEncoding()})`,
      ],
      [2, () => (this.isSync ? `fs.writeFileSync(h[${at}], ${this.data()})` : `h[${at}].writeFile(${this.data()})`)],
      [1, () => (this.isSync ? `fs.appendFileSync(h[${at}], ${this.data()})` : `h[${at}].appendFile(${this.data()})`)],
      [3, () => (this.isSync ? `(fs.closeSync(h[${at}]), (h[${at}] = CLOSED), 0)` : on('close'))],
    ])()
  }
}
