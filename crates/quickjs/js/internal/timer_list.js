// Timers in the order in which they are due: a heap, in which timers of one moment stay in the order in which they were set.
'use strict'
const heap = []
let sequence = 0
let refed = 0

const before = (a, b) => a.due < b.due || (a.due === b.due && a.sequence < b.sequence)

function up(at) {
  const item = heap[at]
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!before(item, heap[parent])) break
    heap[at] = heap[parent]
    heap[at].at = at
    at = parent
  }
  heap[at] = item
  item.at = at
}

function down(at) {
  const item = heap[at]
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++
    if (!before(heap[child], item)) break
    heap[at] = heap[child]
    heap[at].at = at
    at = child
  }
  heap[at] = item
  item.at = at
}

// An entry: `timer`, what is due; `refed`, whether the loop waits for it.
exports.insert = (entry, delay) => {
  entry.due = Math.floor(native.now()) + delay
  entry.sequence = sequence++
  heap.push(entry)
  up(heap.length - 1)
  if (entry.refed) refed++
}

exports.remove = (entry) => {
  const { at } = entry
  if (at === undefined || heap[at] !== entry) return
  const last = heap.pop()
  if (last !== entry) {
    heap[at] = last
    last.at = at
    up(at)
    down(last.at)
  }
  entry.at = undefined
  if (entry.refed) refed--
}

exports.isActive = (entry) => entry.at !== undefined && heap[entry.at] === entry
exports.setRef = (entry, wanted) => {
  if (entry === undefined) return
  if (entry.refed === wanted) return
  entry.refed = wanted
  if (exports.isActive(entry)) refed += wanted ? 1 : -1
}
exports.anyRefed = () => refed > 0
// One is there also while it runs.
let running
exports.names = () => {
  const runs = running?.refed && running.timer?._onTimeout != null && !exports.isActive(running)
  return [...heap.filter((entry) => entry.refed), ...(runs ? [running] : [])].map(() => 'Timeout')
}

// Runs what is due now; what becomes due meanwhile waits for the next turn.
exports.runDue = (enter) => {
  const now = native.now()
  const last = sequence
  while (heap.length > 0 && heap[0].due <= now && heap[0].sequence < last) {
    const entry = heap[0]
    exports.remove(entry)
    running = entry
    enter(entry.run, [entry], entry.context)
    running = undefined
  }
}

// Milliseconds until the first one is due.
exports.next = () => (heap.length === 0 ? 86_400_000 : Math.max(0, heap[0].due - native.now()))
