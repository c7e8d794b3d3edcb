/// Paths as texts, as `node:path/posix` has them. What is relative begins at the root.

export function normalize(path: string): string {
  if (path === '') return '.'
  const absolute = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!absolute) parts.push(part)
  }
  const text = parts.join('/') + (path.endsWith('/') && parts.length > 0 ? '/' : '')
  return absolute ? `/${text}` : text || (path.endsWith('/') ? './' : '.')
}

export function join(...parts: string[]): string {
  return normalize(parts.filter((part) => part !== '').join('/'))
}

export function resolve(...paths: string[]): string {
  const from = paths.findLastIndex((path) => path.startsWith('/'))
  const path = normalize(`/${paths.slice(Math.max(0, from)).join('/')}`)
  return path === '/' ? path : path.replace(/\/$/, '')
}

export function dirname(path: string): string {
  const above = path.replace(/\/+$/, '').replace(/[^/]*$/, '')
  if (above === '') return path.startsWith('/') ? '/' : '.'
  return above.replace(/\/+$/, '') || '/'
}

export function isAbsolute(path: string): boolean {
  return path.startsWith('/')
}
