const handlebars = require('handlebars')
handlebars.registerHelper('shout', (text) => text.toUpperCase())
handlebars.registerPartial('item', '<li>{{shout name}}</li>')
const template = handlebars.compile(
  '{{#if list}}<ul>{{#each list}}{{> item}}{{@index}}{{/each}}</ul>{{else}}none{{/if}} {{html}} {{{html}}}',
)
console.log(template({ list: [{ name: 'a' }, { name: 'b' }], html: '<b>&"' }))
console.log(template({}))
console.log(handlebars.precompile('{{a.b}}'))
try {
  handlebars.compile('{{#if}}')({})
} catch (error) {
  console.log(error.message)
}
