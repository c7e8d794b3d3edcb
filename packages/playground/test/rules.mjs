// The rules of accessibility, and pictures of the page.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const ALL = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Colours on their way from one to the other are neither. */
async function still(ui) {
  const moving = () =>
    ui.evaluate(
      () => document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity).length,
    )
  await ui.until('everything to stand still', moving, (count) => count === 0)
}

/** What the checker finds against WCAG 2.2 AA, in words. */
export async function violations(ui, rules = ALL) {
  await ui.evaluate(axe)
  await still(ui)
  const found = await ui.evaluate(
    (rules) =>
      window.axe
        .run(document, { runOnly: rules })
        .then(({ violations }) =>
          violations.map(
            ({ id, help, nodes }) =>
              `${id}: ${help}: ${nodes.map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`,
          ),
        ),
    rules,
  )
  return found
}

export async function theme(ui, wanted) {
  const label = wanted === 'dark' ? 'Dark colours' : 'Light colours'
  if (await ui.count(`[aria-label="${label}"]`)) await ui.click(`[aria-label="${label}"]`)
  await ui.until(
    'the colours',
    () => ui.evaluate(() => document.documentElement.dataset.theme),
    (now) => now === wanted,
  )
}

/** A picture of the page without messages, when nothing moves. */
export async function shoot(ui, path) {
  await ui.until(
    'no messages',
    async () => (
      await ui.evaluate(() => document.querySelectorAll('.toast .bare').forEach((close) => close.click())),
      await ui.count('.toast')
    ),
    (count) => count === 0,
  )
  await still(ui)
  await ui.screenshot(path)
}
