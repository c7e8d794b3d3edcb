import type { TarboxFs } from '../index.js'
import { boolean, object, optionsOf, type PathLike, pathOf } from './arguments.js'
import { named } from './encoding.js'
import { aborted } from './errors.js'
import { resolve } from './paths.js'
import type { EncodingOption, Name } from './types.js'

export interface WatchOptions {
  encoding?: EncodingOption
  /** Also what is deeper than in the directory itself. */
  recursive?: boolean | undefined
  signal?: AbortSignal | undefined
  /** Whether watching keeps the program from ending: it does. */
  persistent?: boolean | undefined
}

/** What happens at a path, until the signal or the loop ends it. */
export async function* watch<const O extends WatchOptions = object>(
  open: () => Promise<TarboxFs>,
  path: PathLike,
  options?: O,
): AsyncGenerator<{ eventType: 'rename' | 'change'; filename: Name<O> }> {
  const {
    encoding,
    recursive = false,
    signal,
  } = optionsOf<WatchOptions>(options === undefined ? undefined : object(options, 'options'), {})
  boolean(recursive, 'options.recursive')
  const root = resolve(pathOf(path))
  if (signal?.aborted) throw aborted(signal)
  for await (const { kind, path: changed, from } of (await open()).watch(root, signal && { signal })) {
    for (const one of from === undefined ? [changed] : [from, changed]) {
      const name = nameBelow(root, one, recursive)
      if (name !== undefined)
        yield { eventType: kind === 'modify' ? 'change' : 'rename', filename: named(name, encoding) as Name<O> }
    }
  }
  if (signal?.aborted) throw aborted(signal)
}

/** What is at or in a path goes by its name; what is deeper by its way there, if that is wanted. */
function nameBelow(root: string, path: string, recursive: boolean): string | undefined {
  if (path === root) return root.slice(root.lastIndexOf('/') + 1)
  const prefix = root === '/' ? root : `${root}/`
  if (!path.startsWith(prefix)) return undefined
  const relative = path.slice(prefix.length)
  return recursive || !relative.includes('/') ? relative : undefined
}
