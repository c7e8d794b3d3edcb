const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** Bytes for people: `3.4 MiB`. */
export function bytes(count: number): string {
  const unit = Math.min(UNITS.length - 1, count > 0 ? Math.floor(Math.log2(count) / 10) : 0)
  const value = count / 2 ** (10 * unit)
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

const AGO: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [7, 'day'],
  [4.35, 'week'],
  [12, 'month'],
  [Infinity, 'year'],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' })

export function ago(ms: number): string {
  let amount = (ms - Date.now()) / 1000
  if (amount > -10) return 'just now'
  for (const [size, unit] of AGO) {
    if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit)
    amount /= size
  }
  return ''
}

const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })
const clockTime = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

export function when(ms: number): string {
  return exact.format(ms)
}

export function clock(ms: number): string {
  return clockTime.format(ms)
}
