// util.parseArgs.
'use strict'
const { codes } = require('internal/errors')
const validators = require('internal/validators')

exports.parseArgs = function parseArgs(config = {}) {
  validators.validateObject(config, 'config')
  const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined)
  const args = config.args ?? process.argv.slice(process.argv.length - native.args.length)
  const strict = config.strict ?? true
  const allowPositionals = config.allowPositionals ?? !strict
  const allowNegative = config.allowNegative ?? false
  const options = config.options ?? { __proto__: null }
  validators.validateArray(args, 'args')
  validators.validateBoolean(strict, 'strict')
  validators.validateBoolean(allowPositionals, 'allowPositionals')
  validators.validateObject(options, 'options')
  for (const [name, option] of Object.entries(options)) {
    validators.validateObject(option, `options.${name}`)
    validators.validateUnion(own(option, 'type'), `options.${name}.type`, ['string', 'boolean'])
    if (Object.hasOwn(option, 'short')) {
      validators.validateString(option.short, `options.${name}.short`)
      if (option.short.length !== 1)
        throw new codes.ERR_INVALID_ARG_VALUE(`options.${name}.short`, option.short, 'must be a single character')
    }
    if (Object.hasOwn(option, 'multiple')) validators.validateBoolean(option.multiple, `options.${name}.multiple`)
    const fallback = own(option, 'default')
    if (fallback !== undefined) {
      const check =
        option.type === 'string'
          ? option.multiple
            ? validators.validateStringArray
            : validators.validateString
          : option.multiple
            ? validators.validateBooleanArray
            : validators.validateBoolean
      check(fallback, `options.${name}.default`)
    }
  }
  const byShort = (letter) => Object.entries(options).find(([, option]) => option.short === letter)?.[0]
  const tokens = []
  const left = args.map((value, index) => ({ value, index }))
  const positional = (value, index) => tokens.push({ kind: 'positional', index, value })
  while (left.length > 0) {
    const { value: arg, index } = left.shift()
    if (arg === '--') {
      tokens.push({ kind: 'option-terminator', index })
      for (const rest of left.splice(0)) positional(rest.value, rest.index)
    } else if (/^-[^-]$/.test(arg)) {
      const name = byShort(arg[1]) ?? arg[1]
      option(name, arg, index)
    } else if (/^-[^-]./.test(arg)) {
      const first = byShort(arg[1]) ?? arg[1]
      if (own(options, first)?.type !== 'string') {
        // Several letters in one.
        const letters = arg.slice(1)
        const expanded = []
        for (let at = 0; at < letters.length; at++) {
          const name = byShort(letters[at]) ?? letters[at]
          if (own(options, name)?.type !== 'string' || at === letters.length - 1) expanded.push(`-${letters[at]}`)
          else {
            expanded.push(`-${letters.slice(at)}`)
            break
          }
        }
        left.unshift(...expanded.map((value) => ({ value, index })))
      } else
        tokens.push({
          kind: 'option',
          name: first,
          rawName: `-${arg[1]}`,
          index,
          value: arg.slice(2),
          inlineValue: true,
        })
    } else if (/^--.+=/.test(arg)) {
      const at = arg.indexOf('=')
      tokens.push({
        kind: 'option',
        name: arg.slice(2, at),
        rawName: arg.slice(0, at),
        index,
        value: arg.slice(at + 1),
        inlineValue: true,
      })
    } else if (/^--./.test(arg)) option(arg.slice(2), arg, index)
    else positional(arg, index)
  }
  function option(name, rawName, index) {
    let value
    let inlineValue
    if (own(options, name)?.type === 'string' && left.length > 0) {
      value = left.shift().value
      inlineValue = false
    }
    tokens.push({ kind: 'option', name, rawName, index, value, inlineValue })
  }
  const result = { values: { __proto__: null }, positionals: [] }
  if (config.tokens) result.tokens = tokens
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!allowPositionals) throw new codes.ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL(token.value)
      result.positionals.push(token.value)
    } else if (token.kind === 'option') {
      let { name, value } = token
      let known = own(options, name)
      let negated = false
      if (known === undefined && allowNegative && name.startsWith('no-')) {
        const positive = own(options, name.slice(3))
        if (positive?.type === 'boolean' || !strict) {
          name = name.slice(3)
          known = positive
          negated = true
        }
      }
      if (strict) {
        if (known === undefined) throw new codes.ERR_PARSE_ARGS_UNKNOWN_OPTION(token.rawName, allowPositionals)
        const short = known.short ? `-${known.short}, ` : ''
        if (known.type === 'string' && typeof value !== 'string')
          throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${short}--${name} <value>' argument missing`)
        if (known.type === 'boolean' && value != null)
          throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${short}--${name}' does not take an argument`)
        if (token.inlineValue === false && value.length > 1 && value[0] === '-') {
          throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(
            `Option '${token.rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${token.rawName}'?\nTo specify an option argument starting with a dash use '${token.rawName.startsWith('--') ? `${token.rawName}=-XYZ` : `--${name}=-XYZ' or '${token.rawName}-XYZ`}'.`,
          )
        }
      }
      if (name === '__proto__') continue
      const made = negated ? false : (value ?? true)
      if (known?.multiple) (result.values[name] ??= []).push(made)
      else result.values[name] = made
    }
  }
  for (const [name, option] of Object.entries(options))
    if (result.values[name] === undefined && option.default !== undefined) result.values[name] = option.default
  return result
}
