const Ajv = require('ajv')
const ajv = new Ajv({ allErrors: true })
const validate = ajv.compile({
  type: 'object',
  properties: {
    n: { type: 'integer', minimum: 3 },
    s: { type: 'string', pattern: '^a+$' },
    l: { type: 'array', uniqueItems: true, items: { enum: [1, 2, 3] } },
  },
  required: ['n', 's'],
  additionalProperties: false,
})
for (const data of [{ n: 3, s: 'aa' }, { n: 2, s: 'b', l: [1, 1, 4], x: 1 }, {}, null])
  console.log(validate(data), JSON.stringify(validate.errors))
