// A replica of a workspace at a server, in several tabs, with a server that goes away and comes back.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { TarboxFs } from 'tarbox'
import { own } from '../../tarbox/testing/server.mjs'
import { tab, until } from '../tab.mjs'

const MiB = 1 << 20

/** A server that pages of the tests may call. */
const server = ({ origin }) => own({ cors: origin })

export const tests = {
  async 'a replica works without its server, and all tabs and the server meet again'(context) {
    const at = await server(context)
    const browser = await context.launch(context.name)
    const remote = new TarboxFs(at.url, at.key)
    try {
      await remote.writeFile('/theirs.txt', 'from the server')
      const tabs = [await tab(browser, context), await tab(browser, context)]
      for (const { act } of tabs) assert.equal(await act('openReplica', 'replica', at.url, at.key), 'opfs')
      const [one, other] = tabs
      await other.act('synced')
      assert.equal(await one.act('read', '/theirs.txt'), 'from the server')
      await at.end('SIGKILL')
      await other.act('write', '/ours.txt', 'written without a server')
      await until(
        () => one.act('syncStatus'),
        ({ state }) => state === 'offline',
      )
      // The tab that did the rounds goes, and the other takes over with what was not sent.
      await one.page.close()
      assert.equal(await other.act('read', '/ours.txt'), 'written without a server')
      await at.start()
      await other.act('synced')
      assert.equal(await remote.readFile('/ours.txt', 'utf8'), 'written without a server')
      // What others do at the server comes by itself.
      await other.act('watch', '/')
      await remote.writeFile('/theirs.txt', 'changed')
      await until(
        () => other.act('seen'),
        (seen) => seen.some((event) => event.endsWith('/theirs.txt')),
      )
      await until(
        () => other.act('read', '/theirs.txt'),
        (text) => text === 'changed',
      )
      await other.page.reload()
      await other.act('openReplica', 'replica', at.url, at.key)
      assert.equal(await other.act('read', '/ours.txt'), 'written without a server')
      await other.act('synced')
      assert.deepEqual(await other.act('fsck'), [])
      assert.deepEqual(await other.act('rejections'), [])
    } finally {
      await remote.close()
      await browser.close()
      await at.end('SIGKILL')
    }
  },

  async 'the example offline-notes works through a network cut'(context) {
    const at = await server(context)
    const browser = await context.launch(context.name)
    const remote = new TarboxFs(at.url, at.key)
    try {
      const page = await browser.newPage(`${context.origin}/examples/offline-notes/index.html`)
      const text = (selector) => page.evaluate((selector) => document.querySelector(selector)?.textContent, selector)
      const click = (selector) => page.evaluate((selector) => document.querySelector(selector).click(), selector)
      const type = (text) =>
        page.evaluate((text) => {
          const area = document.querySelector('#text')
          area.value = text
          area.dispatchEvent(new Event('input'))
        }, text)
      const state = () => page.evaluate(() => document.querySelector('#status').dataset.state)
      const isInState = (wanted) => until(state, (state) => state === wanted)
      await page.waitForFunction(() => document.querySelector('#sign-in').hidden === false)
      await page.evaluate(
        ([url, key]) => {
          const form = document.querySelector('#sign-in')
          form.elements.url.value = url
          form.elements.key.value = key
          form.requestSubmit()
        },
        [at.url, at.key],
      )
      await isInState('in step')
      await click('#new')
      await page.waitForFunction(() => document.querySelector('#edit').hidden === false)
      await type('before the cut')
      const path = `/notes/${await text('#title')}.md`
      const read = () => remote.readFile(path, 'utf8').catch(() => '')
      await until(read, (content) => content === 'before the cut')
      await at.end('SIGKILL')
      await type('written during the cut')
      await isInState('offline')
      // The other side changes it, too, and both meet.
      await at.start({ forPages: false })
      await remote.writeFile(path, 'changed elsewhere')
      await at.end('SIGKILL')
      await at.start()
      await page.waitForFunction(() => document.querySelector('#decide').hidden === false)
      assert.equal(await text('#ours'), 'written during the cut')
      assert.equal(await text('#theirs'), 'changed elsewhere')
      await click('#decide [data-as=ours]')
      await until(read, (content) => content === 'written during the cut')
      await page.waitForFunction(() => document.querySelector('#decide').hidden)
    } finally {
      await remote.close()
      await browser.close()
      await at.end('SIGKILL')
    }
  },

  async 'what a page and the server changed differently is there twice, until somebody decides'(context) {
    const at = await server(context)
    const browser = await context.launch(context.name)
    const remote = new TarboxFs(at.url, at.key)
    try {
      const { act } = await tab(browser, context)
      await act('openReplica', 'conflict', at.url, at.key)
      await act('write', '/plan.txt', 'as it was')
      await act('synced')
      await at.end('SIGKILL')
      await act('write', '/plan.txt', 'here')
      await at.start({ forPages: false })
      await remote.writeFile('/plan.txt', 'there')
      await at.end('SIGKILL')
      await at.start()
      const { conflicts } = await until(
        () => act('syncStatus'),
        ({ conflicts, state }) => state === 'in step' && conflicts.length > 0,
      )
      assert.equal(await act('read', '/plan.txt'), 'there')
      assert.equal(await act('read', conflicts[0].copy), 'here')
      await act('resolve', '/plan.txt', 'ours')
      await act('synced')
      assert.equal(await remote.readFile('/plan.txt', 'utf8'), 'here')
      assert.deepEqual((await act('syncStatus')).conflicts, [])
    } finally {
      await remote.close()
      await browser.close()
      await at.end('SIGKILL')
    }
  },

  async 'a page that is opened without its server knows its conflicts at once, and they can be decided'(context) {
    const at = await server(context)
    const browser = await context.launch(context.name)
    const remote = new TarboxFs(at.url, at.key)
    try {
      const { act, page } = await tab(browser, context)
      await act('openReplica', 'before', at.url, at.key)
      await act('write', '/plan.txt', 'as it was')
      await act('synced')
      await at.end('SIGKILL')
      await act('write', '/plan.txt', 'here')
      await at.start({ forPages: false })
      await remote.writeFile('/plan.txt', 'there')
      await at.end('SIGKILL')
      await at.start()
      await act('synced')
      await at.end('SIGKILL')
      await page.reload()
      await act('openReplica', 'before', at.url, at.key)
      const { conflicts, synced, ahead } = await act('syncStatus')
      assert.deepEqual([conflicts.length, synced > 0, ahead], [1, true, 0])
      const [{ path, copy }] = conflicts
      assert.deepEqual([path, await act('read', path), await act('read', copy)], ['/plan.txt', 'there', 'here'])
      await act('write', '/more.txt', 'without a server')
      await until(
        () => act('syncStatus'),
        ({ state, ahead, retry }) => state === 'offline' && ahead === 1 && retry > 0,
      )
      await act('resolve', copy, 'ours')
      assert.deepEqual((await act('syncStatus')).conflicts, [])
      assert.equal(await act('read', '/plan.txt'), 'here')
      await at.start()
      await act('synced')
      assert.equal(await remote.readFile('/plan.txt', 'utf8'), 'here')
      assert.deepEqual((await act('syncStatus')).conflicts, [])
      assert.deepEqual(await act('fsck'), [])
      assert.deepEqual(await act('rejections'), [])
    } finally {
      await remote.close()
      await browser.close()
      await at.end('SIGKILL')
    }
  },

  async 'a site without room for what the server has says so, loses nothing, and goes on when there is room'(context) {
    const at = await server(context)
    const browser = await context.launch(context.name, { quota: 24 * MiB })
    const remote = new TarboxFs(at.url, at.key)
    try {
      const { act, page } = await tab(browser, context)
      await act('openReplica', 'little', at.url, at.key)
      await act('write', '/ours.txt', 'from here')
      await act('synced')
      const large = randomBytes(40 * MiB)
      await remote.writeFile('/large', large)
      const isFull = ({ state, refused }) => state === 'full' || /^here: /.test(refused['/large'])
      const { state, refused } = await until(() => act('syncStatus'), isFull)
      console.log(`    ${context.name}: ${state} ${JSON.stringify(refused)}`)
      // What is done here goes on, also to the server.
      assert.equal(await act('tryToWrite', '/small.txt', 'from here'), 'written')
      await until(
        () => remote.readFile('/small.txt', 'utf8').catch(() => ''),
        (text) => text === 'from here',
      )
      assert.deepEqual(await act('fsck'), [])
      await page.reload()
      await act('openReplica', 'little', at.url, at.key)
      assert.equal(await act('read', '/ours.txt'), 'from here')
      assert.ok(large.equals(await remote.readFile('/large')))
      await remote.writeFile('/large', 'a few letters')
      await until(
        () => act('read', '/large').catch(() => ''),
        (text) => text === 'a few letters',
      )
      await act('synced')
      assert.deepEqual((await act('syncStatus')).refused, {})
      assert.deepEqual(await act('fsck'), [])
      assert.deepEqual(await act('rejections'), [])
    } finally {
      await remote.close()
      await browser.close()
      await at.end('SIGKILL')
    }
  },
}
