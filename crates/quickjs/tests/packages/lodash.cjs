const _ = require('lodash')
console.log(
  _.chunk([1, 2, 3, 4, 5], 2),
  _.groupBy(['one', 'two', 'three'], 'length'),
  _.merge({ a: [{ b: 2 }] }, { a: [{ c: 3 }] }),
)
console.log(
  _.template('<% _.each(l, (x) => { %><%- x %>,<% }) %>')({ l: ['<', '&'] }),
  _.camelCase('foo-bar baz'),
  _.kebabCase('fooBarÉté'),
)
console.log(
  _.cloneDeep({ d: new Date(0), m: new Map([[1, new Set([2])]]), b: Buffer.from('x'), r: /a/g }),
  _.isEqual(new Map([[1, [2]]]), new Map([[1, [2]]])),
)
console.log(
  _.sortBy([{ a: 2 }, { a: 1 }], 'a'),
  _.debounce(() => {}, 1).name,
  _(_.range(9))
    .filter((n) => n % 2)
    .map((n) => n * n)
    .value(),
  _.words('fred, barney, & pebbles'),
)
