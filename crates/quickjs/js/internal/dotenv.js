// Files of environment variables.
'use strict'
exports.parse = (text) => {
  const found = {}
  const LINE = /^\s*(?:export\s+)?([\w.-]+)\s*=[ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|`([^`]*)`|([^\n#]*))/gm
  for (const [, key, single, double, tick, bare] of text.replace(/\r\n?/g, '\n').matchAll(LINE)) {
    found[key] = single ?? (double !== undefined ? double.replaceAll('\\n', '\n') : (tick ?? bare.trim()))
  }
  return found
}
