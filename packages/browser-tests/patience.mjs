// A wait that has an end. Seconds are counted one at a time, so that those in which the machine gave us no processor do
// not count.

/** Fails with `complaint()` if `work` has not ended after so many seconds. */
export function within(seconds, complaint, work) {
  let timer
  const over = new Promise((_, reject) => {
    let left = seconds
    timer = setInterval(() => --left === 0 && reject(new Error(complaint())), 1000)
  })
  return Promise.race([work, over]).finally(() => clearInterval(timer))
}
