/** The type of a path of the tree that is dragged. */
export const PATH_TYPE = 'application/x-tarbox-path'

/** Where something would go: a directory, and the element that stands for it. */
interface Target {
  directory: string
  element: HTMLElement
}

/** Takes what is dropped on an element: files from outside, or a path of the tree. */
export function takeDrops(
  element: HTMLElement,
  target: (event: DragEvent) => Target,
  drop: (directory: string, transfer: DataTransfer) => void,
): void {
  let over: HTMLElement | undefined
  const mark = (next: HTMLElement | undefined) => {
    over?.classList.remove('over')
    over = next
    over?.classList.add('over')
  }
  element.addEventListener('dragover', (event) => {
    const { types } = event.dataTransfer!
    if (!types.includes('Files') && !types.includes(PATH_TYPE)) return
    event.preventDefault()
    event.dataTransfer!.dropEffect = types.includes('Files') ? 'copy' : 'move'
    mark(target(event).element)
  })
  element.addEventListener('dragleave', (event) => {
    if (!element.contains(event.relatedTarget as Node | null)) mark(undefined)
  })
  element.addEventListener('drop', (event) => {
    event.preventDefault()
    mark(undefined)
    drop(target(event).directory, event.dataTransfer!)
  })
}
