/// Files in IndexedDB: what is written is there again, and what does not fit the memory is refused and changes nothing.
import { IndexedDbSlots } from 'tarbox-device'
import { assert, equal, fails, test } from './harness.js'

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
  await fails(() => other.write(new Uint8Array(2 * PAGE), { at: 0 }), /QuotaExceededError.*may take 0 MiB; delete some/)
  equal(other.getSize(), 0)
  one.truncate(PAGE)
  other.write(new Uint8Array(2 * PAGE), { at: 0 })
  await slots.remove(name)
  one.write(new Uint8Array(3 * PAGE), { at: PAGE })
  await slots.destroy()
})
