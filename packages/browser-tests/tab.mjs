// A page with `actions` on it.

export async function tab(browser, { origin }) {
  const page = await browser.newPage(`${origin}/actions.html`)
  const act = async (name, ...values) => {
    // The module may still be loading.
    await page.waitForFunction(() => 'actions' in window)
    return page.evaluate(([name, values]) => window.actions[name](...values), [name, values])
  }
  return { page, act }
}

/** Asks again until the answer is right. */
export async function until(ask, right) {
  for (;;) {
    const answer = await ask()
    if (right(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
