/// Paths of a workspace: absolute, with slashes, without one at the end.

export function parent(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/'))) || '/'
}

export function base(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function join(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`
}

/** Whether a path is a directory or below it. */
export function within(path: string, directory: string): boolean {
  return path === directory || directory === '/' || path.startsWith(`${directory}/`)
}

/** A name in two: before its last dot, and from there on. A dot at the beginning hides a file and parts nothing. */
export function splitName(name: string): [stem: string, end: string] {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
}

export function extension(path: string): string {
  return splitName(base(path))[1].slice(1).toLowerCase()
}

/** What is wrong with a name that somebody typed, or nothing. */
export function wrongName(name: string): string | undefined {
  if (name === '') return 'Type a name.'
  if (name === '.' || name === '..') return 'This name is reserved; choose another.'
  if (name.includes('/')) return 'A name cannot contain a slash.'
  if (name.includes('\0')) return 'A name cannot contain NUL.'
  if (new TextEncoder().encode(name).length > 255) return 'A name can have at most 255 bytes; this one is longer.'
  return undefined
}

/** Where a relative link of a file leads. */
export function resolve(from: string, link: string): string {
  const parts = (link.startsWith('/') ? link : join(parent(from), link)).split('/')
  const out: string[] = []
  for (const part of parts) {
    if (part === '..') out.pop()
    else if (part !== '' && part !== '.') out.push(part)
  }
  return `/${out.join('/')}`
}
