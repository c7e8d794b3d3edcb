const pug = require('pug')
const source =
  'doctype html\nmixin item(x)\n  li.a(data-x=x class={b: x > 1})= x\nul#l\n  each x in list\n    +item(x)\n  else\n    li none\nif user\n  p Hello #{user} !{"<b>"}\n'
console.log(pug.render(source, { list: [1, 2], user: '<me>' }), pug.render(source, { list: [], pretty: true }))
try {
  pug.compile('p(a="b')
} catch (error) {
  console.log(error.code, error.line)
}
