// TypeScript and JSX as they are: types go, lines stay where they were. Types are not checked.
'use strict'

// What was made of a text once is kept, in this run by the text itself.
const kept = new Map()

exports.strip = function strip(text, file) {
  const known = kept.get(file)
  if (known?.text === text) return known.code
  const transforms = []
  if (/\.[cm]?tsx?$/.test(file)) transforms.push('typescript')
  if (/x$/.test(file)) transforms.push('jsx')
  const { transform } = require('npm/sucrase/dist/index')
  let code
  try {
    ;({ code } = transform(text, {
      transforms,
      disableESTransforms: true,
      keepUnusedImports: false,
      production: true,
      jsxRuntime: /@jsxImportSource|@jsxRuntime\s+automatic/.test(text) ? 'automatic' : 'classic',
      filePath: file,
    }))
  } catch (error) {
    throw new SyntaxError(error.message)
  }
  kept.set(file, { text, code })
  return code
}
