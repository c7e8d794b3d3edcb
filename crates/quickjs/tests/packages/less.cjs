const less = require('less')
const source =
  '@w: 10px; .m(@a) { width: (@a * 2) } .b { .m(@w); &:hover { color: darken(#abc, 10%) } .c & { margin: -@w } } @media (min-width: 1px) { .b { .d() } } .d() { x: y }'
less.render(source).then(({ css }) => console.log(css), console.log)
less.render('.a { .missing(); }').catch((error) => console.log(error.type, error.message, error.line))
