import assert from 'node:assert/strict'

async function console_(open, options) {
  const ui = await open(options)
  await ui.openFile('/data/bakery.db')
  await ui.see('.grid .line')
  return ui
}

async function run(ui, sql) {
  await ui.click('.console >>> .cm-content')
  await ui.press('Control+a')
  await ui.paste(sql)
  // One thing is run at a time.
  await ui.see('.runbar button', 'Run')
  await ui.press('Control+Enter')
}

export const tests = {
  async 'statements run, and fail where they fail'({ open }) {
    const ui = await console_(open)
    assert.deepEqual(await ui.texts('.schema .name'), ['customer', 'day', 'product', 'sale'])
    await run(ui, 'SELECT count(*) AS many FROM sale;')
    await ui.see('.grid .cell', '2000')
    await run(ui, 'SELECT 1;\nSELECT missing FROM product;')
    await ui.see('.message.wrong', 'Line 2: no such column: missing')
    await ui.reads('.cm-failure', 'missing')
    await run(ui, "SELECT name FROM product ORDER BY id; SELECT 'x;y' AS text, NULL AS none, x'00ff' AS bytes;")
    await ui.see('.chip', '2: 1 row')
    await ui.see('.grid .cell.null', 'NULL')
    await ui.see('.grid .cell.blob', '00 ff')
    await ui.click('.chip', '1: 12 rows')
    await ui.see('.grid .cell', 'Rye with caraway')
    await ui.catchDownloads()
    await ui.click('.runbar button', 'CSV')
    const [name, bytes] = await ui.download()
    assert.equal(name, 'bakery.db.csv')
    assert.match(Buffer.from(bytes).toString(), /^name\r\nRye with caraway\r\n[\s\S]*"Cheesecake, a slice"\r\n$/)
    await run(ui, 'SELECT * FROM sale WHERE product = 3')
    await ui.click('.runbar button', 'Explain')
    await ui.see('.plan', 'SEARCH sale USING INDEX sale_by_product')
    await ui.click('[aria-label="Recent statements"]')
    await ui.click('.menu button', 'SELECT count(*)')
    await ui.reads('.console >>> .cm-content', 'SELECT count(*)')
  },

  async 'fifty thousand rows scroll, and a query without end is stopped'({ open }) {
    const ui = await console_(open)
    await run(ui, 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i * i FROM n LIMIT 60000')
    await ui.see('.message', 'the first 50,000 rows')
    assert.ok((await ui.count('.grid .line')) < 80, 'only what is seen is there')
    await ui.evaluate(() => (document.querySelector('.grid').scrollTop = 1e9))
    await ui.see('.grid .cell', '2500000000')
    await run(ui, 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n')
    await ui.click('.runbar button', 'Stop')
    await ui.see('.message', 'Stopped')
    await run(ui, 'SELECT 6 * 7 AS answer')
    await ui.see('.grid .cell', '42')
    await run(
      ui,
      'CREATE TABLE gone(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
    )
    await ui.click('.runbar button', 'Stop')
    await ui.see('.message', 'uncommitted changes were rolled back')
    await run(ui, 'SELECT * FROM gone')
    await ui.see('.message.wrong', 'no such table: gone')
  },

  async 'a commit writes the file, and only then'({ open }) {
    const ui = await console_(open)
    await run(ui, "BEGIN; INSERT INTO product(name, kind, price) VALUES ('Fig loaf', 'bread', 790);")
    await ui.see('#status', 'a transaction is open')
    await run(ui, 'COMMIT')
    await ui.see('#status', 'each commit writes the file')
    await run(ui, "CREATE TABLE note(text); INSERT INTO note VALUES ('kept');")
    await ui.see('.schema .name', 'note')
    await ui.reload()
    await ui.see('.tab[data-front]', 'bakery.db')
    await ui.see('.schema .name', 'note')
    await run(ui, "SELECT name || ' ' || (SELECT text FROM note) AS both FROM product ORDER BY id DESC LIMIT 1")
    await ui.see('.grid .cell', 'Fig loaf kept')
    await ui.click('.moment[data-layer="sample"]')
    await ui.see('.banner')
    await ui.unseen('.schema .name', 'note')
    await run(ui, 'DELETE FROM product')
    await ui.see('.message.wrong', 'readonly database')
  },

  async 'what another tab writes is not written over'({ open }) {
    const one = await console_(open)
    const two = await console_(open, { workspace: one.workspace })
    await run(one, 'BEGIN; DELETE FROM sale WHERE id = 1;')
    await one.see('#status', 'a transaction is open')
    await run(two, "UPDATE product SET name = 'Theirs' WHERE id = 1;")
    await two.see('.message', '1 row changed')
    await one.see('.notice', 'changed elsewhere')
    await one.click('.notice button', 'Load the other version')
    await one.unseen('.notice')
    await run(one, 'SELECT name FROM product WHERE id = 1')
    await one.see('.grid .cell', 'Theirs')
  },
}
