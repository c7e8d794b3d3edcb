/// The floor below small files: a worker with one bare handle that appends, flushes and answers.
let handle: any
let at = 0

addEventListener('message', async ({ data }: MessageEvent<any>) => {
  if (data.open) {
    const root = await navigator.storage.getDirectory()
    handle = await ((await root.getFileHandle('bench-floor', { create: true })) as any).createSyncAccessHandle()
    return postMessage({ ready: true })
  }
  if (data.append) {
    handle.write(data.append, { at })
    handle.flush()
    at += data.append.length
    return postMessage({ done: true })
  }
  if (data.write) {
    // Pieces of a megabyte, as a stream would come.
    for (let done = 0; done < data.write.length; done += 1 << 20) {
      handle.write(data.write.subarray(done, done + (1 << 20)), { at: (1 << 30) + done })
    }
    handle.flush()
    return postMessage({ done: true })
  }
  if (data.read) {
    const bytes = new Uint8Array(data.read)
    for (let done = 0; done < bytes.length; done += 1 << 20) {
      handle.read(bytes.subarray(done, done + (1 << 20)), { at: (1 << 30) + done })
    }
    return postMessage({ bytes }, { transfer: [bytes.buffer] })
  }
  const bytes = new Uint8Array(data.echo)
  postMessage({ bytes }, { transfer: [bytes.buffer] })
})
