import { z } from 'zod'
const schema = z
  .object({
    name: z.string().min(2),
    age: z.coerce.number().int().positive(),
    tags: z.array(z.enum(['a', 'b'])).default([]),
    mail: z.email().optional(),
  })
  .strict()
for (const data of [
  { name: 'Ann', age: '3' },
  { name: 'A', age: -1, tags: ['c'], mail: 'x', more: 1 },
]) {
  const parsed = schema.safeParse(data)
  console.log(parsed.success, JSON.stringify(parsed.data), JSON.stringify(parsed.error?.issues))
}
console.log(JSON.stringify(z.toJSONSchema(schema)))
