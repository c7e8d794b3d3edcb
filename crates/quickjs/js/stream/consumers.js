// All of a stream at once.
'use strict'
async function bytes(stream) {
  const pieces = []
  for await (const piece of stream)
    pieces.push(
      typeof piece === 'string'
        ? Buffer.from(piece)
        : Buffer.from(piece.buffer ?? piece, piece.byteOffset, piece.byteLength),
    )
  return Buffer.concat(pieces)
}
async function text(stream) {
  const decoder = new TextDecoder()
  let all = ''
  for await (const piece of stream) all += typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true })
  return all + decoder.decode()
}
module.exports = {
  arrayBuffer: async (stream) => {
    const all = await bytes(stream)
    return all.buffer.slice(all.byteOffset, all.byteOffset + all.length)
  },
  blob: async (stream) => new Blob([await bytes(stream)]),
  buffer: bytes,
  json: async (stream) => JSON.parse(await text(stream)),
  text,
}
