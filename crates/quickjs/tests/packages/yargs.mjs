import yargs from 'yargs'
const parser = () =>
  yargs([])
    .scriptName('tool')
    .command(
      'get <url>',
      'fetches',
      (y) => y.positional('url', { type: 'string' }).option('depth', { alias: 'd', type: 'number', default: 1 }),
      (argv) => console.log('get', argv.url, argv.depth),
    )
    .option('v', { type: 'count' })
    .strict()
    .exitProcess(false)
    .wrap(80)
console.log(await parser().parse('get http://x -d 3 -vv'))
console.log(await parser().getHelp())
await parser().parse('get', (error, argv, output) => console.log(error?.message, output))
