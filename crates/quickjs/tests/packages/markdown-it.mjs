import MarkdownIt from 'markdown-it'
const md = new MarkdownIt({ html: true, linkify: true, typographer: true })
console.log(
  md.render(
    '# A *b* "c"\n\n1. x\n2. `y` -- z\n\n> see www.example.com\n\n| a | b |\n|---|:-:|\n| 1 | **2** |\n\n```js\nlet x = "<"\n```\n<b>raw</b> &copy; ![i](u "t")\n',
  ),
)
