import { type Language, LanguageSupport, StreamLanguage } from '@codemirror/language'
import { extension } from '../paths.js'

interface Known {
  name: string
  load: () => Promise<LanguageSupport>
}

const legacy = (load: () => Promise<Parameters<typeof StreamLanguage.define>[0]>) => async () =>
  new LanguageSupport(StreamLanguage.define(await load()) as Language)
const javascript = (options: { typescript?: boolean; jsx?: boolean }) => async () =>
  (await import('@codemirror/lang-javascript')).javascript(options)

const C: Known = { name: 'C++', load: async () => (await import('@codemirror/lang-cpp')).cpp() }
const CSS: Known = { name: 'CSS', load: async () => (await import('@codemirror/lang-css')).css() }
const HTML: Known = { name: 'HTML', load: async () => (await import('@codemirror/lang-html')).html() }
const JAVASCRIPT: Known = { name: 'JavaScript', load: javascript({ jsx: true }) }
const JSON_: Known = { name: 'JSON', load: async () => (await import('@codemirror/lang-json')).json() }
const PYTHON: Known = { name: 'Python', load: async () => (await import('@codemirror/lang-python')).python() }
const SHELL: Known = {
  name: 'Shell',
  load: legacy(async () => (await import('@codemirror/legacy-modes/mode/shell')).shell),
}
const SQL: Known = {
  name: 'SQL',
  load: async () => {
    const { sql, SQLite } = await import('@codemirror/lang-sql')
    return sql({ dialect: SQLite })
  },
}
const TOML: Known = {
  name: 'TOML',
  load: legacy(async () => (await import('@codemirror/legacy-modes/mode/toml')).toml),
}
const XML: Known = { name: 'XML', load: async () => (await import('@codemirror/lang-xml')).xml() }
const YAML: Known = { name: 'YAML', load: async () => (await import('@codemirror/lang-yaml')).yaml() }

const MARKDOWN: Known = {
  name: 'Markdown',
  load: async () => {
    const { markdown, markdownLanguage } = await import('@codemirror/lang-markdown')
    return markdown({ base: markdownLanguage })
  },
}

const BY_EXTENSION: Record<string, Known> = {
  c: C,
  cc: C,
  cpp: C,
  cxx: C,
  h: C,
  hpp: C,
  css: CSS,
  go: { name: 'Go', load: legacy(async () => (await import('@codemirror/legacy-modes/mode/go')).go) },
  htm: HTML,
  html: HTML,
  js: JAVASCRIPT,
  cjs: JAVASCRIPT,
  mjs: JAVASCRIPT,
  jsx: JAVASCRIPT,
  ts: { name: 'TypeScript', load: javascript({ typescript: true }) },
  mts: { name: 'TypeScript', load: javascript({ typescript: true }) },
  tsx: { name: 'TypeScript', load: javascript({ typescript: true, jsx: true }) },
  json: JSON_,
  map: JSON_,
  webmanifest: JSON_,
  lua: { name: 'Lua', load: legacy(async () => (await import('@codemirror/legacy-modes/mode/lua')).lua) },
  md: MARKDOWN,
  markdown: MARKDOWN,
  py: PYTHON,
  pyi: PYTHON,
  rb: { name: 'Ruby', load: legacy(async () => (await import('@codemirror/legacy-modes/mode/ruby')).ruby) },
  rs: { name: 'Rust', load: async () => (await import('@codemirror/lang-rust')).rust() },
  sh: SHELL,
  bash: SHELL,
  zsh: SHELL,
  sql: SQL,
  svg: XML,
  xml: XML,
  xsl: XML,
  toml: TOML,
  yaml: YAML,
  yml: YAML,
}

const BY_NAME: Record<string, Known> = {
  Dockerfile: {
    name: 'Dockerfile',
    load: legacy(async () => (await import('@codemirror/legacy-modes/mode/dockerfile')).dockerFile),
  },
  'Cargo.lock': TOML,
}

/** The language of a file, by its name. */
export function languageOf(path: string): Known | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return Object.hasOwn(BY_NAME, name)
    ? BY_NAME[name]
    : Object.hasOwn(BY_EXTENSION, extension(path))
      ? BY_EXTENSION[extension(path)]
      : undefined
}
