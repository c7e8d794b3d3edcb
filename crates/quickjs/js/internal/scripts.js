// The one program that there is for scripts: the engine itself, under the name of Node.js.
'use strict'

const { takesValue } = require('internal/flags')

// What a command line of Node.js is to run; undefined for any other program.
exports.scriptOf = function scriptOf(file, args) {
  const isOurs = [process.execPath, process.argv[0]].includes(file) || /(^|\/)(node|tarbox)$/.test(file)
  if (!isOurs && !(file.includes('/') && native.realpath(file, false) === process.execPath)) return undefined
  const script = { kind: 'input', text: '', args: [], execArgs: [] }
  let at = 0
  let prints = false
  for (; at < args.length; at++) {
    const arg = args[at]
    if (arg === '-' || arg === '--') {
      at++
      break
    }
    if (/^(-e|--eval|-pe?|--print)$/.test(arg)) {
      prints ||= /^(-p|--print)/.test(arg)
      Object.assign(script, { kind: prints ? 'print' : 'code', text: `${args[++at] ?? ''}` })
      continue
    }
    if (!arg.startsWith('-')) break
    script.execArgs.push(arg)
    if (takesValue(arg)) script.execArgs.push(args[++at] ?? '')
  }
  if (script.kind === 'input' && at < args.length && args[at - 1] !== '-')
    Object.assign(script, { kind: 'file', text: args[at++] })
  script.args = args.slice(at)
  return script
}

// A line for a shell as words, as far as it takes none of a shell's arts.
exports.wordsOf = function wordsOf(line, env) {
  const words = []
  let word
  for (let at = 0; at < line.length; at++) {
    const char = line[at]
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === "'" || char === '"') {
      word ??= ''
      for (at++; line[at] !== char; at++) {
        if (at >= line.length) return undefined
        if (char === '"' && line[at] === '\\' && /["\\$`]/.test(line[at + 1] ?? '')) at++
        else if (char === '"' && line[at] === '$') {
          const [name] = /^\w+/.exec(line.slice(at + 1)) ?? []
          if (name === undefined) return undefined
          word += env[name] ?? ''
          at += name.length
          continue
        }
        word += line[at]
      }
    } else if (/[|&;<>()$`*?[\]#~{}!]/.test(char)) return undefined
    else if (char === '\\') word = (word ?? '') + (line[++at] ?? '')
    else word = (word ?? '') + char
  }
  if (word !== undefined) words.push(word)
  return words
}

// Runs it to its end: code, signal, what was printed. Undefined if it cannot be begun.
exports.run = function run(script, { cwd, env, input, timeout, pid }) {
  const pairs = Object.entries(env ?? process.env).filter(([, value]) => value !== undefined)
  const { signals } = require('internal/signals')
  const answer = native.runScript({
    ...script,
    env: pairs.flat().map(String),
    cwd: cwd === undefined ? undefined : cwd instanceof URL ? require('url').fileURLToPath(cwd) : `${cwd}`,
    input,
    timeout: timeout > 0 ? timeout : undefined,
    pid,
    ppid: process.pid,
  })
  if (typeof answer === 'number') return { errno: answer }
  const [status, stdout, stderr] = answer
  return {
    code: status < 0 ? null : status,
    signal: status < 0 ? Object.keys(signals).find((name) => signals[name] === -status) : null,
    stdout: Buffer.from(stdout.buffer),
    stderr: Buffer.from(stderr.buffer),
  }
}
