/// What a round waits for, as the module says it: `crates/web/src/sync/frames.rs` writes it.

export type Frame =
  | { kind: 'request'; number: number; time: number; path: string; mediaType: string; body: Uint8Array<ArrayBuffer> }
  | { kind: 'pause'; number: number; time: number }
  | { kind: 'forget'; number: number }

const KINDS = [undefined, 'request', 'pause', 'forget'] as const

/** Reads frames; the bodies are copies. */
export function framesOf(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoder = new TextDecoder()
  const frames: Frame[] = []
  let at = 0
  const number = () => {
    at += 4
    return view.getUint32(at - 4, true)
  }
  const part = () => {
    const length = number()
    at += length
    return bytes.slice(at - length, at)
  }
  while (at < bytes.length) {
    const kind = KINDS[number()]
    const [named, time] = [number(), number()]
    if (kind === 'request') {
      const [path, mediaType] = [decoder.decode(part()), decoder.decode(part())]
      frames.push({ kind, number: named, time, path, mediaType, body: part() })
    } else if (kind === 'pause') frames.push({ kind, number: named, time })
    else frames.push({ kind: 'forget', number: named })
  }
  return frames
}
