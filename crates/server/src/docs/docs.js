// Shows the document of the API: each operation with its parameters, its body and its answers.

const element = (name, text, ...children) => {
  const made = document.createElement(name)
  if (text) made.textContent = text
  made.append(...children)
  return made
}

const resolve = (api, value) => {
  const path = value?.$ref
  return path
    ? path
        .slice(2)
        .split('/')
        .reduce((at, name) => at?.[name], api)
    : value
}

// A schema as an example would be written, a few levels deep.
const shape = (api, schema, depth = 0) => {
  const found = resolve(api, schema)
  if (!found || depth > 4) return '…'
  if (found.allOf) return Object.assign({}, ...found.allOf.map((part) => shape(api, part, depth)))
  if (found.oneOf) return found.oneOf.map((part) => shape(api, part, depth + 1))[0]
  if (found.enum) return found.enum.join(' | ')
  if (found.properties) {
    return Object.fromEntries(
      Object.entries(found.properties).map(([name, property]) => [name, shape(api, property, depth + 1)]),
    )
  }
  if (found.items) return [shape(api, found.items, depth + 1)]
  return [found.type].flat().join(' | ')
}

const bodies = (api, content) =>
  Object.entries(content ?? {}).map(([kind, media]) =>
    kind.endsWith('json') && media.schema
      ? element('pre', JSON.stringify(shape(api, media.schema), null, 2))
      : element('p', kind),
  )

const table = (rows) => {
  const made = element('table')
  for (const row of rows) made.append(element('tr', '', ...row.map((cell) => element('td', cell))))
  return made
}

const show = (api, method, path, operation) => {
  const summary = element('summary')
  const call = element('code')
  const verb = element('span', method.toUpperCase())
  verb.className = 'method'
  call.append(verb, `${api.servers[0].url}${path}`)
  summary.append(call, ` ${operation.summary ?? ''}`)
  const details = element('details', '', summary)
  if (operation.description !== operation.summary) details.append(element('p', operation.description))
  if (operation.parameters?.length) {
    details.append(
      table(operation.parameters.map((p) => [p.required ? `${p.name} *` : p.name, p.in, p.description ?? ''])),
    )
  }
  if (operation.requestBody) details.append(element('h4', 'Body'), ...bodies(api, operation.requestBody.content))
  details.append(element('h4', 'Answers'))
  for (const [status, response] of Object.entries(operation.responses)) {
    const found = resolve(api, response)
    details.append(element('p', `${status}  ${found.description}`))
    if (status.startsWith('2')) details.append(...bodies(api, found.content))
  }
  return details
}

const api = await (await fetch('/api/v1/openapi.json')).json()
document.querySelector('#about').textContent = api.info.description
const sections = new Map()
for (const [path, item] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    const tag = operation.tags?.[0] ?? 'other'
    if (!sections.has(tag)) sections.set(tag, element('section', '', element('h2', tag)))
    sections.get(tag).append(show(api, method, path, operation))
  }
}
document.querySelector('#operations').append(...sections.values())
