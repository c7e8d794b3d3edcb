const fs = require('graceful-fs')
const path = require('path')
const dir = path.join(process.argv[2], 'graceful')
fs.mkdirSync(dir, { recursive: true })
let left = 500
for (let i = 0; i < 500; i++)
  fs.writeFile(path.join(dir, `${i}`), String(i), (error) => {
    if (error) throw error
    if (--left > 0) return
    let sum = 0
    let read = 0
    for (const name of fs.readdirSync(dir))
      fs.readFile(path.join(dir, name), 'utf8', (error, text) => {
        if (error) throw error
        sum += Number(text)
        if (++read === 500) console.log(sum)
      })
  })
fs.createReadStream(path.join(dir, 'none')).on('error', (error) => console.log(error.code))
