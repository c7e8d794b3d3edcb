// The rival: quickjs-emscripten, whose scripts reach memfs by functions of the host. The same operations, as JSON.
import { memfs } from 'memfs'
import { getQuickJS } from 'quickjs-emscripten'

const { fs } = memfs({ '/d/small': 'x'.repeat(4096) })
const quickjs = await getQuickJS()
const vm = quickjs.newContext()
const define = (name, work) => vm.newFunction(name, work).consume((handle) => vm.setProp(vm.global, name, handle))
define('stat', (path) => {
  const { size, mode, mtimeMs } = fs.statSync(vm.getString(path))
  const object = vm.newObject()
  for (const [key, value] of Object.entries({ size, mode, mtimeMs }))
    vm.newNumber(value).consume((number) => vm.setProp(object, key, number))
  return object
})
define('read', (path) => vm.newString(fs.readFileSync(vm.getString(path), 'utf8')))
define('write', (path, text) => {
  fs.writeFileSync(vm.getString(path), vm.getString(text))
  return vm.undefined
})
const OPERATIONS = {
  stat: [20000, 'stat("/d/small").size'],
  read: [5000, 'read("/d/small").length'],
  write: [5000, 'write("/d/w" + (i % 100), line)'],
}
const found = {}
for (const [name, [count, code]] of Object.entries(OPERATIONS)) {
  found[name] = Infinity
  for (let round = 0; round < Number(process.argv[2] ?? 5); round++) {
    const begun = process.hrtime.bigint()
    vm.unwrapResult(
      vm.evalCode(`{ const line = 'y'.repeat(1024); for (let i = 0; i < ${count}; i++) ${code} }`),
    ).dispose()
    found[name] = Math.min(found[name], Number(process.hrtime.bigint() - begun) / 1000 / count)
  }
}
vm.dispose()
console.log(JSON.stringify(found))
