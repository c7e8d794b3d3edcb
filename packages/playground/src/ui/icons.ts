/** Lines in a square of 24, drawn for this page. */
const PATHS = {
  activity: 'M3 12h4l3-8 4 16 3-8h4',
  archive: 'M4 8v11h16V8M3 4h18v4H3zM10 12h4',
  back: 'M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3',
  check: 'M5 12.5 10 17.5 19 7',
  chevron: 'M9 6l6 6-6 6',
  close: 'M6 6l12 12M18 6 6 18',
  cloud: 'M7 19a4.5 4.5 0 0 1-.6-8.96A6 6 0 0 1 18 9.6a4.75 4.75 0 0 1-.6 9.4z',
  collapse: 'M7 9l5-5 5 5M7 15l5 5 5-5',
  compare: 'M8 4v16M16 4v16M5 7l3-3 3 3M13 17l3 3 3-3',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  database:
    'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  eye: 'M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  fileNew: 'M6 3h8l4 4v14H6zM14 3v4h4M12 11v6M9 14h6',
  folder: 'M3 6h6l2 2h10v11H3z',
  folderNew: 'M3 6h6l2 2h10v11H3zM12 11v5M9.5 13.5h5',
  folderOpen: 'M3 19V6h6l2 2h8v3M3 19l3-8h16l-3 8z',
  hash: 'M10 4 8 20M16 4l-2 16M5 9h15M4 15h15',
  help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.5',
  history: 'M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4l3 2',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9.5v.01',
  key: 'M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h9v3.5M17.5 12v2.5',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  moon: 'M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5z',
  more: 'M5 11.5v1M12 11.5v1M19 11.5v1',
  offline: 'M3 9a14 14 0 0 1 18 0M6 12.5a9.5 9.5 0 0 1 12 0M9 16a5 5 0 0 1 6 0M12 19.5v.01',
  pencil: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  play: 'M7 5l12 7-12 7z',
  plan: 'M5 5h6v5H5zM13 14h6v5h-6zM8 10v6.5h5',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5',
  seal: 'M12 3l8 4.5-8 4.5-8-4.5zM4 12l8 4.5 8-4.5M4 16.5 12 21l8-4.5',
  shield: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z',
  storage: 'M4 5h16v6H4zM4 13h16v6H4zM8 8v.01M8 16v.01',
  stop: 'M7 7h10v10H7z',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  sync: 'M4 11a8 8 0 0 1 14-4.3L20 9M20 4v5h-5M20 13a8 8 0 0 1-14 4.3L4 15M4 20v-5h5',
  tag: 'M4 4h8l8 8-8 8-8-8zM8.5 8.5v.01',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  upload: 'M12 15V4M7 8.5l5-5 5 5M5 20h14',
  warning: 'M12 4 2.5 20h19zM12 10v4.5M12 17.5v.01',
} as const

export type IconName = keyof typeof PATHS

const SVG = 'http://www.w3.org/2000/svg'

export function icon(name: IconName, size = 16): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('width', String(size))
  svg.setAttribute('height', String(size))
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', PATHS[name])
  svg.append(path)
  return svg
}
