// Random histories beside a plain set of facts: whatever was done, both hold the same.
import assert from 'node:assert/strict'
import test from 'node:test'
import { database, fresh, sorted } from '../testing/helpers.mjs'

const HISTORIES = process.env.TARBOX_LONG ? 200 : 12
const STEPS = 150

/** Numbers below a limit, the same for the same seed. */
function random(seed) {
  let state = seed >>> 0
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** The plain set, with a stack of open batches. */
class Model {
  facts = new Set()
  properties = new Map()
  batches = []

  change(kind, ...what) {
    if (this.batches.length > 0) this.batches.at(-1).push([kind, ...what])
    else this.apply(kind, ...what)
  }

  apply(kind, what, value) {
    if (kind === 'add') this.facts.add(what)
    else if (kind === 'delete') this.facts.delete(what)
    else this.properties.set(what, value)
  }

  begin() {
    this.batches.push([])
  }

  commit() {
    for (const change of this.batches.pop() ?? []) this.apply(...change)
  }

  abort() {
    this.batches.pop()
  }
}

const parts = (text) => {
  const [subject, predicate, object] = text.split(' ')
  return { subject, predicate, object }
}

function same(db, model, next) {
  assert.deepEqual(sorted(db.listFacts()), [...model.facts].sort())
  for (let n = 0; n < 4; n++) {
    const bound = parts(`s${next(12)} p${next(4)} o${next(30)}`)
    for (const key of Object.keys(bound)) if (next(2) === 0) delete bound[key]
    const matches = [...model.facts].filter((text) =>
      Object.entries(bound).every(([key, value]) => parts(text)[key] === value),
    )
    const found = db.find(bound)
    assert.deepEqual(sorted(found.all()), matches.sort(), JSON.stringify(bound))
    assert.equal(found.length, matches.length)
  }
  // What open batches have staged shows in the properties of single nodes.
  for (const [node, value] of model.batches.length > 0 ? [] : model.properties) {
    assert.deepEqual(db.getNodeProperties(db.getNodeId(node)), { value })
  }
  const value = next(5)
  const nodes = [...model.properties].filter(([, other]) => other === value).map(([node]) => node)
  const facts = [...model.facts].filter((text) => nodes.includes(parts(text).subject))
  assert.deepEqual(sorted(db.findByNodeProperty({ propertyName: 'value', value }).all()), facts.sort())
}

async function history(seed) {
  const next = random(seed)
  const file = fresh()
  const model = new Model()
  let db = await database(file)
  const text = () => `s${next(12)} p${next(4)} o${next(30)}`
  const steps = {
    add(of) {
      db.addFact(parts(of))
      model.change('add', of)
    },
    delete(of) {
      db.deleteFact(parts(of))
      model.change('delete', of)
    },
    property(of) {
      const { subject } = parts(of)
      const [id, value] = [db.getNodeId(subject), next(5)]
      if (id === undefined) return
      db.setNodeProperties(id, { value })
      model.change('property', subject, value)
    },
    load() {
      const many = Array.from({ length: next(300) }, text)
      assert.equal(db.addBatch(many.map(parts)), many.length)
      // A batch of its own, which takes effect at once.
      for (const of of many) model.apply('add', of)
    },
    begin() {
      if (model.batches.length === 3) return
      db.beginBatch()
      model.begin()
    },
    commit() {
      db.commitBatch({ durable: next(3) === 0 })
      model.commit()
    },
    abort() {
      db.abortBatch()
      model.abort()
    },
    flush: () => db.flush(),
    look: () => same(db, model, next),
    async snapshot() {
      const before = [...model.facts].sort()
      await db.withSnapshot(async () => {
        steps.delete([...model.facts][0] ?? text())
        steps.add(text())
        await db.flush()
        assert.deepEqual(sorted(db.listFacts()), before)
      })
    },
    async reopen() {
      // Closed, or dropped as by a crash of the program; open batches end with it.
      if (next(2) === 0) await db.close()
      else db[Symbol.dispose]()
      model.batches = []
      db = await database(file)
    },
  }
  const names = ['add', 'add', 'add', 'delete', 'delete', 'property', 'load', ...Object.keys(steps).slice(4)]
  for (let step = 0; step < STEPS; step++) await steps[names[next(names.length)]](text())
  same(db, model, next)
  await db.close()
}

test('whatever is done, the database holds what a plain set would', async () => {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    await history(seed).catch((error) => {
      error.message = `history ${seed}: ${error.message}`
      throw error
    })
  }
})
