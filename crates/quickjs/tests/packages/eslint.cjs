const { Linter } = require('eslint')
const linter = new Linter({ configType: 'flat' })
const source = 'var a = 1\nif (a == 2) { debugger }\nfunction unused(b) { return; b() }\nexport { a }\n'
const rules = {
  eqeqeq: 'error',
  'no-var': 'error',
  'no-debugger': 'warn',
  'no-unused-vars': 'error',
  'no-unreachable': 'error',
}
for (const message of linter.verify(source, [{ rules }]))
  console.log(message.line, message.column, message.ruleId, message.message)
console.log(linter.verifyAndFix(source, [{ rules }]).output)
