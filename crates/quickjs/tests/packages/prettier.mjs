import * as prettier from 'prettier'
for (const [parser, source] of [
  ['babel', 'const a={b:1,c:[1,2,3],...d};async function  f(a,b){if(a)return await b;else throw new Error(`x${a}`)}'],
  ['typescript', 'interface A<T>{b?:T;readonly c:string[]} enum E{A=1,B} export type U=A<number>|"x"'],
  ['css', 'a{color:red;b:c}@media (min-width:1px){.d>e{f:g}}'],
  ['markdown', '#  A\n* b\n* c\n\n\n|a|b|\n|-|-|\n|1|2|'],
  ['json', '{"a":[1,2,{"b":null}]}'],
  ['yaml', 'a:   [1,2]\nb:\n    - c'],
  ['html', '<div><p>a</p><script>let x=1</script></div>'],
])
  console.log(await prettier.format(source, { parser, semi: false, singleQuote: true }))
await prettier.format('let = ;', { parser: 'babel' }).catch((error) => console.log(error.name, error.message))
