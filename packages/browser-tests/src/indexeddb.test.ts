/// Files in IndexedDB: what is written is there again, and what does not fit the memory is refused and changes nothing.
import { IndexedDbSlots } from 'tarbox-device'
import { assert, equal, fails, test } from './harness.js'
import { edit } from './idb.js'

const PAGE = 16_384

test('pages come back as they were settled', async () => {
  const name = `slots-${crypto.randomUUID()}`
  const slots = new IndexedDbSlots(name)
  await slots.open()
  const [file, handle] = await slots.create()
  const bytes = crypto.getRandomValues(new Uint8Array(3 * PAGE + 5))
  handle.write(bytes, { at: 7 })
  await slots.settle()
  handle.write(new Uint8Array([1]), { at: 0 })
  slots.close()

  const again = new IndexedDbSlots(name)
  const [[found, back]] = (await again.open()) as [[string, typeof handle]]
  equal([found, back.getSize()], [file, bytes.length + 7])
  const read = new Uint8Array(bytes.length)
  back.read(read, { at: 7 })
  assert(read.every((byte, at) => byte === bytes[at]))
  back.read(read.subarray(0, 1), { at: 0 })
  equal(read[0], 0, 'what was not settled is not there')
  await again.destroy()
})

test('files take no more memory than they may, and what is cut off is free again', async () => {
  const slots = new IndexedDbSlots(`slots-${crypto.randomUUID()}`, 4 * PAGE)
  await slots.open()
  const [, one] = await slots.create()
  const [name, other] = await slots.create()
  one.write(new Uint8Array(3 * PAGE), { at: 0 })
  await fails(
    () => other.write(new Uint8Array(2 * PAGE), { at: 0 }),
    /QuotaExceededError.*limited to 0 MiB; delete some/,
  )
  equal(other.getSize(), 0)
  one.truncate(PAGE)
  other.write(new Uint8Array(2 * PAGE), { at: 0 })
  await slots.remove(name)
  one.write(new Uint8Array(3 * PAGE), { at: PAGE })
  await slots.destroy()
})

test('a file of which a part is gone is kept, and not given to anybody', async () => {
  const name = `slots-${crypto.randomUUID()}`
  const whole = new IndexedDbSlots(name)
  await whole.open()
  const made: string[] = []
  for (let at = 0; at < 5; at++) {
    const [file, handle] = await whole.create()
    made.push(file)
    handle.write(new TextEncoder().encode(`/file-${at}\0`), { at: 0 })
    handle.write(new Uint8Array([1]), { at: 3 * PAGE })
    await whole.settle()
  }
  whole.close()
  const [good, holed, short, endless, nameless] = made as [string, string, string, string, string]
  const before = await edit(name, (pages) => {
    pages.delete([holed, 3])
    pages.put(new ArrayBuffer(5), [short, 0])
    pages.put({ size: NaN, pages: 2 }, [endless, -1])
    pages.delete([nameless, 0])
    return pages.count()
  })
  const again = new IndexedDbSlots(name)
  equal(
    (await again.open()).map(([file]) => file),
    [good],
  )
  equal(again.damaged.map(({ file, path, reason, size }) => [made.indexOf(file), path, reason, size]).sort(), [
    [1, '/file-1', 'it has 1 of 2 pages', PAGE],
    [2, '', 'it has an unexpected page 0', PAGE + 5],
    [3, '/file-3', 'its length is not stored', 2 * PAGE],
    [4, '', 'it has 1 of 2 pages', PAGE],
  ])
  const [, more] = await again.create()
  more.write(new Uint8Array([1]), { at: 0 })
  await again.settle()
  again.close()
  equal(await edit(name, (pages) => pages.count()), before + 2, 'what is damaged is left as it is')
  await new IndexedDbSlots(name).destroy()
})
