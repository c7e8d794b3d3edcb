import { NervusDBError } from '../errors.js'

const MAGIC = 'NERVUSDB'
const VERSION = 1
const LENGTH = 16

/** The small file at the path of a database, which says what it is. */
export interface Header {
  /** Where everything else is, from the directory of this file on, if not in `<path>.pages`. */
  readonly directory?: string
}

export function writeHeader(header: Header): Uint8Array {
  const more = new TextEncoder().encode(JSON.stringify(header))
  const bytes = new Uint8Array(LENGTH + more.length)
  new TextEncoder().encodeInto(MAGIC, bytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(8, VERSION, true)
  view.setUint32(12, more.length, true)
  bytes.set(more, LENGTH)
  return bytes
}

export function readHeader(file: string, bytes: Uint8Array): Header {
  if (bytes.length < LENGTH) {
    throw new NervusDBError('NOT_A_DATABASE', `${file} is not a NervusDB database: it is shorter than a header`)
  }
  if (new TextDecoder('latin1').decode(bytes.subarray(0, 8)) !== MAGIC) {
    throw new NervusDBError('NOT_A_DATABASE', `${file} is not a NervusDB database: its first bytes are different`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const version = view.getUint32(8, true)
  if (version !== VERSION) {
    throw new NervusDBError(
      'VERSION',
      `${file} has format version ${version}, and this package reads ${VERSION}; use a newer one`,
    )
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH, LENGTH + view.getUint32(12, true)))) as Header
  } catch (cause) {
    throw new NervusDBError('NOT_A_DATABASE', `the header of ${file} is damaged`, { cause })
  }
}
