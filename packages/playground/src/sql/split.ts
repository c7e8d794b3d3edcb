/** Statements of a text, and where each begins. `complete` says whether a text ends with a whole statement, triggers and all. */
export function split(text: string, complete: (text: string) => boolean): { sql: string; from: number }[] {
  const statements: { sql: string; from: number }[] = []
  let from = 0
  for (let at = text.indexOf(';'); at >= 0; at = text.indexOf(';', at + 1)) {
    const sql = text.slice(from, at + 1)
    if (!complete(sql)) continue
    add(sql)
    from = at + 1
  }
  add(text.slice(from))
  return statements

  function add(sql: string): void {
    const start = skip(sql)
    if (start < sql.length && sql.slice(start) !== ';') statements.push({ sql: sql.slice(start), from: from + start })
  }
}

/** How many characters of white space and comments a text begins with. */
function skip(sql: string): number {
  return /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*/.exec(sql)![0].length
}
