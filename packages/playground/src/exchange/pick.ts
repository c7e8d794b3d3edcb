import { el } from '../ui/dom.js'

/** Lets the user choose files, or a folder. */
export function pick(options: { folder?: boolean; accept?: string; several?: boolean }): Promise<FileList | undefined> {
  const input = el('input', {
    type: 'file',
    webkitdirectory: options.folder ?? false,
    multiple: options.several ?? false,
    accept: options.accept,
    class: 'unseen',
    tabindex: -1,
    'aria-hidden': 'true',
  })
  document.body.append(input)
  return new Promise((resolve) => {
    const end = (files: FileList | undefined) => {
      input.remove()
      resolve(files)
    }
    input.addEventListener('change', () => end(input.files?.length ? input.files : undefined))
    input.addEventListener('cancel', () => end(undefined))
    input.click()
  })
}
