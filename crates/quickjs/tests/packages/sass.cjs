const sass = require('sass')
const source =
  '@use "sass:math"; $w: 10px; @mixin m($a: 1) { width: math.div($w, 3) * $a; } .a { @include m(2); &:hover { color: mix(red, blue, 30%); } @each $x in 1, 2 { .b-#{$x} { order: $x; } } }'
console.log(sass.compileString(source).css)
console.log(sass.compileString(source, { style: 'compressed' }).css)
try {
  sass.compileString('.a { width: $nope }')
} catch (error) {
  console.log(error.sassMessage, error.span.start.line)
}
