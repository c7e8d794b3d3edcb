import { marked } from 'marked'
console.log(
  marked.parse(
    '# A *b*\n\n- [x] done\n- [ ] not\n\n| a | b |\n|---|:-:|\n| 1 | ~~2~~ |\n\n```js\nlet x = "<"\n```\n\n[l](http://x.y "t") <b>raw</b>\n',
  ),
)
console.log(JSON.stringify(marked.lexer('a\n\n> b\n')))
