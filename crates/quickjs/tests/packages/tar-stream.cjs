const tar = require('tar-stream')
const zlib = require('zlib')
const pack = tar.pack()
pack.entry({ name: 'a.txt', mtime: new Date(0) }, 'hello')
pack.entry({ name: 'd', type: 'directory', mtime: new Date(0) })
pack.entry({ name: `d/${'long'.repeat(40)}.bin`, mtime: new Date(0), mode: 0o600 }, Buffer.alloc(3000, 7))
pack.finalize()
const extract = tar.extract()
extract.on('entry', (header, stream, next) => {
  let size = 0
  stream.on('data', (piece) => (size += piece.length))
  stream.on('end', () => {
    console.log(header.name, header.type, header.mode, header.size, size)
    next()
  })
  stream.resume()
})
extract.on('finish', () => console.log('finish'))
pack.pipe(zlib.createGzip()).pipe(zlib.createGunzip()).pipe(extract)
