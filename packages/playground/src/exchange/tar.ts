import { base } from '../paths.js'
import { words } from '../problems.js'
import { bytes, count } from '../ui/format.js'
import { problem, progress, toast } from '../ui/toast.js'
import type { Workspace } from '../workspace.js'
import { counting } from './counting.js'

/** Unpacks an archive below a directory. Compressed ones are recognised. */
export async function importArchive(workspace: Workspace, file: File, directory: string): Promise<void> {
  const working = progress(`Unpacking ${file.name}`)
  const told = counting((done) => working.at(`${bytes(done)} of ${bytes(file.size)}`, done / file.size))
  try {
    let stream: ReadableStream<Uint8Array> = file.stream().pipeThrough(told, { signal: working.signal })
    if (await isGzip(file))
      stream = stream.pipeThrough(new DecompressionStream('gzip') as unknown as TransformStream<Uint8Array, Uint8Array>)
    const imported = await workspace.fs.importTar(stream, directory)
    toast(`Unpacked ${count(imported.files, 'file')}, ${bytes(imported.bytes)}`)
  } catch (error) {
    if (working.signal.aborted) toast('Stopped. What was unpacked so far remains.')
    else problem(`“${file.name}” could not be unpacked. ${words(error)}`)
  } finally {
    working.done()
  }
}

async function isGzip(file: File): Promise<boolean> {
  const [one, two] = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  return one === 0x1f && two === 0x8b
}

export function isArchive(file: File): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(file.name)
}

type SavePicker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>

/** Packs a directory and hands it to the browser: straight into a file where that can be had, as a download elsewhere. */
export async function exportArchive(workspace: Workspace, path: string): Promise<void> {
  const name = `${path === '/' ? workspace.name : base(path)}.tar`
  const picker = (globalThis as { showSaveFilePicker?: SavePicker }).showSaveFilePicker
  let target: FileSystemFileHandle | undefined
  if (picker) {
    try {
      target = await picker({ suggestedName: name })
    } catch (error) {
      if ((error as DOMException).name === 'AbortError') return
      // A page in a frame, or a browser that is told not to ask: a download will do.
    }
  }
  const working = progress(`Packing ${name}`)
  let packed = 0
  const told = counting((done) => {
    packed = done
    working.at(bytes(done))
  })
  try {
    const stream = workspace.fs.exportTar(path).pipeThrough(told, { signal: working.signal })
    if (target) await stream.pipeTo(await target.createWritable())
    else download(await new Response(stream).blob(), name)
    toast(`Packed ${name}, ${bytes(packed)}`)
  } catch (error) {
    if (!working.signal.aborted) problem(`${name} could not be packed. ${words(error)}`)
  } finally {
    working.done()
  }
}

/** Hands a file of the workspace to the browser. */
export async function exportFile(workspace: Workspace, path: string): Promise<void> {
  try {
    download(await new Response(await workspace.fs.createReadStream(path)).blob(), base(path))
  } catch (error) {
    problem(`“${base(path)}” could not be read. ${words(error)}`)
  }
}

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
