// Chromium through playwright-core, Firefox through WebDriver BiDi, behind the same few functions.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import puppeteer from 'puppeteer-core'

export const NAMES = ['chromium', 'firefox']

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Starts a browser with a profile of its own, or with the one at `profile`.
 *
 * `quota` is how many bytes the browser allows a site, about; `isPrivate` is for a private window; `cachesPages` keeps pages
 * that are left, to come back to, as browsers do that nobody drives.
 * Gives `newPage(url)` (with `evaluate`, `goto`, `reload`, `close`, `screenshot`), `close()`, `kill()` and `profile`.
 */
export async function launch(
  name,
  {
    profile = mkdtempSync(join(tmpdir(), `tarbox-${name}-`)),
    onConsole,
    quota,
    isPrivate = false,
    cachesPages = false,
  } = {},
) {
  const browser = await (name === 'chromium' ? launchChromium : launchFirefox)(profile, {
    quota,
    isPrivate,
    cachesPages,
  })
  const remove = () => rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  return {
    name,
    profile,
    remove,
    async newPage(url) {
      const page = await browser.newPage()
      // Whoever waits for a page bounds that; a machine that is busy with something else may take its time.
      page.setDefaultTimeout(900_000)
      page.setDefaultNavigationTimeout(900_000)
      page.on('console', (message) => onConsole?.(message.text()))
      page.on('pageerror', (error) => onConsole?.(`page error: ${error}`))
      if (url) {
        await browser.limit?.(page, url)
        await page.goto(url)
      }
      return page
    },
    async close() {
      await browser.close()
      remove()
    },
    /** Ends it as a power cut would, as far as processes go. The profile stays. */
    async kill() {
      await browser.kill()
    },
  }
}

async function launchChromium(profile, { quota, isPrivate, cachesPages }) {
  const options = {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: CHROMIUM_FLAGS,
    timeout: 900_000,
    ...(cachesPages && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  }
  // A context that is not the profile's own is what a private window is.
  const browser = isPrivate
    ? await chromium.launch({ ...options, args: [...CHROMIUM_FLAGS, `--crash-dumps-dir=${profile}`] })
    : undefined
  const context = browser ? await browser.newContext() : await chromium.launchPersistentContext(profile, options)
  context.setDefaultTimeout(900_000)
  const close = () => (browser ?? context).close()
  return {
    newPage: () => context.newPage(),
    close,
    kill: () => killTree(profile, () => close().catch(() => undefined)),
    async limit(page, url) {
      if (quota === undefined) return
      const session = await context.newCDPSession(page)
      await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(url).origin, quotaSize: quota })
    },
  }
}

async function launchFirefox(profile, { quota, isPrivate }) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: profile,
    extraPrefsFirefox: {
      // One that was killed several times starts as if it had not been.
      'toolkit.startup.max_resumed_crashes': -1,
      'browser.sessionstore.resume_from_crash': false,
      // In KiB, for all sites together.
      ...(quota !== undefined && { 'dom.quotaManager.temporaryStorage.fixedLimit': Math.ceil(quota / 1024) }),
      ...(isPrivate && { 'browser.privatebrowsing.autostart': true }),
    },
    timeout: 900_000,
    protocolTimeout: 900_000,
  })
  return {
    newPage: () => browser.newPage(),
    // Its last processes still write to the profile when this has come back.
    close: () => browser.close().then(() => killTree(profile, async () => undefined)),
    kill: async () => {
      browser.process().kill('SIGKILL')
      await killTree(profile, async () => undefined)
    },
  }
}

/** Kills every process that was started with this profile, and waits until none is left. */
async function killTree(profile, then) {
  const { readdirSync, readFileSync } = await import('node:fs')
  const ours = () =>
    readdirSync('/proc').filter((pid) => {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(profile)
      } catch {
        return false
      }
    })
  for (let left = ours(); left.length > 0; left = ours()) {
    for (const pid of left) {
      try {
        process.kill(Number(pid), 'SIGKILL')
      } catch {
        // It has gone by itself.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await then()
}
