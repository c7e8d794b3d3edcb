// The first thing that runs: the loader of our own modules, and what the Rust side calls.
'use strict'
exports.boot = function boot(native) {
  const cache = new Map()
  const sources = new Set(native.names)

  // What the npm packages ask for, and what they get: our own modules where they must agree with the rest.
  const STREAMS = 'npm/readable-stream/lib/'
  const ALIASES = new Map([
    ['buffer', 'buffer'],
    ['events', 'events'],
    ['abort-controller', 'internal/abort'],
    ['process/', 'internal/process'],
    ['string_decoder/', 'string_decoder'],
    ['stream', 'stream'],
    ['lines-and-columns', 'internal/typescript_parts'],
    ['@jridgewell/gen-mapping', 'internal/typescript_parts'],
    ['ts-interface-checker', 'internal/typescript_parts'],
    ['npm/sucrase/dist/Options-gen-types', 'internal/typescript_parts'],
    [`${STREAMS}ours/errors`, 'internal/errors'],
    [`${STREAMS}internal/shims/process`, 'internal/process'],
    [`${STREAMS}internal/validators`, 'internal/validators'],
  ])

  function required(from) {
    return (specifier) => {
      let id = specifier
      if (specifier.startsWith('.')) {
        const names = from.split('/').slice(0, -1)
        for (const name of specifier.replace(/\.js$/, '').split('/')) {
          if (name === '..') names.pop()
          else if (name !== '.') names.push(name)
        }
        id = names.join('/')
      }
      id = ALIASES.get(id) ?? id
      return requireBuiltin(sources.has(id) ? id : `${id}/index`)
    }
  }

  function requireBuiltin(id) {
    const known = cache.get(id)
    if (known !== undefined) return known.exports
    if (!sources.has(id)) throw new Error(`there is no module '${id}' inside`)
    const module = { id, exports: {} }
    cache.set(id, module)
    const run = native.builtin(id)
    run.call(module.exports, module.exports, id.startsWith('npm/') ? required(id) : requireBuiltin, module, native)
    return module.exports
  }

  // Modules that scripts may ask for, with and without `node:`; those in the second list only with it.
  const names = native.names.filter((name) => !name.startsWith('internal/') && !name.startsWith('npm/'))
  const onlyWithScheme = new Set(['test', 'test/reporters', 'sqlite', 'sea'])
  // For tests of Node's own, which look inside.
  const exposed = native.execArgs.some((flag) => /^--expose[-_]internals$/.test(flag))
  requireBuiltin.builtins = names.filter((name) => !onlyWithScheme.has(name))
  requireBuiltin.find = (specifier) => {
    const bare = specifier.startsWith('node:') ? specifier.slice(5) : specifier
    if (exposed && specifier.startsWith('internal/') && sources.has(specifier)) return specifier
    if (!names.includes(bare) || (bare === specifier && onlyWithScheme.has(bare))) return undefined
    return bare
  }
  cache.set('internal/builtins', { exports: requireBuiltin })

  requireBuiltin('internal/stacks')
  requireBuiltin('internal/globals')
  return requireBuiltin('internal/main')
}
