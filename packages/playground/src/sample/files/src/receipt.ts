/** One line of a receipt. */
export interface Line {
  product: string
  count: number
  /** In cents, so that nothing is rounded twice. */
  price: number
}

const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })

/** What the customer gets on paper. */
export function receipt(lines: readonly Line[]): string {
  const rows = lines.map(({ product, count, price }) => {
    const sum = money.format((count * price) / 100)
    return `${String(count).padStart(3)} × ${product.padEnd(20)} ${sum.padStart(9)}`
  })
  const total = lines.reduce((sum, { count, price }) => sum + count * price, 0)
  return [...rows, '-'.repeat(36), `Total ${money.format(total / 100).padStart(30)}`].join('\n')
}
