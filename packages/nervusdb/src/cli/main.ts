import { NervusDBError } from '../errors.js'
import { Arguments, Failure, UsageError } from './arguments.js'
import { bench } from './bench.js'
import { exportFacts } from './export.js'
import { importFacts } from './import/import.js'
import { dump, hot, readers, txids } from './look.js'
import { serve } from './serve.js'
import { stats } from './stats.js'
import { autoCompact, check, compact, gc, repair, repairPage } from './upkeep.js'

interface Command {
  readonly usage: string
  readonly about: string
  /** How many words it needs. */
  readonly needs: number
  run(args: Arguments): Promise<void>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  stats: {
    usage: '<db> [--verbose] [--property] [--hotness] [--readers] [--all] [--txids[=50]] [--txids-window=MIN]',
    about: 'print sizes and statistics, as JSON',
    needs: 1,
    run: stats,
  },
  check: { usage: '<db> [--summary] [--strict]', about: 'verify every stored byte', needs: 1, run: check },
  repair: {
    usage: '<db> [--fast]',
    about: 'keep what is readable, and set damaged files aside',
    needs: 1,
    run: repair,
  },
  compact: {
    usage: '<db> [--orders=SPO,POS] [--mode=rewrite|incremental] [--dry-run] [--force]',
    about: 'merge tables (a dry run without --force)',
    needs: 1,
    run: compact,
  },
  'auto-compact': {
    usage: '<db> [--auto-gc] [--no-respect-readers] [--dry-run] [--force] [--quiet] [--verbose]',
    about: 'merge tables where needed',
    needs: 1,
    run: autoCompact,
  },
  gc: {
    usage: '<db> [--no-respect-readers] [--dry-run] [--force]',
    about: 'remove files that are no longer used',
    needs: 1,
    run: gc,
  },
  'repair-page': {
    usage: '<db> <order> <primary id> [--force]',
    about: 'repair the database, if that part is damaged',
    needs: 3,
    run: repairPage,
  },
  hot: {
    usage: '<db> [--order=SPO] [--top=10]',
    about: 'list the subjects (or objects …) with the most facts',
    needs: 1,
    run: hot,
  },
  txids: {
    usage: '<db> [--list[=50]] [--since=MIN] [--session=ID] [--max=N] [--clear]',
    about: 'list or clear the stored transaction ids',
    needs: 1,
    run: txids,
  },
  dump: { usage: '<db> <order> <primary id>', about: 'print the facts of one id, one per line', needs: 3, run: dump },
  readers: {
    usage: '<db> [--json] [--details] [--watch]',
    about: 'list the registered readers',
    needs: 1,
    run: readers,
  },
  import: {
    usage: '<db> <file | -> [--format=nt|nq|csv|tsv|jsonl] [--columns=s,p,o] [--delimiter=,] [--skip-bad] [--quiet]',
    about: 'load facts from a file or standard input',
    needs: 2,
    run: importFacts,
  },
  export: { usage: '<db> [file | -] [--format=nt|nq|csv|jsonl]', about: 'write all facts', needs: 1, run: exportFacts },
  bench: {
    usage: '<db> [count=10000] [default|lsm]',
    about: 'measure the times to insert, flush and query',
    needs: 1,
    run: bench,
  },
  serve: {
    usage: '<db> [--port=7878] [--host=127.0.0.1]',
    about: 'serve a read-only dashboard',
    needs: 1,
    run: serve,
  },
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(14)}${about}`)
  return [
    'nervusdb: a durable embedded triple store',
    '',
    'Usage: nervusdb <command> <db> …',
    '',
    ...lines,
    '',
    'To start:  nervusdb import my.db facts.nt  &&  nervusdb stats my.db',
    '`nervusdb <command>` without arguments shows its options.',
  ].join('\n')
}

async function main(given: readonly string[]): Promise<number> {
  const [name, ...rest] = given
  if (name === undefined || name === '-h' || name === '--help') {
    console.log(usage())
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    console.error(`unknown command ${name}`)
    console.error(usage())
    return 1
  }
  const own = `Usage: nervusdb ${name} ${command.usage}\n  ${command.about}`
  try {
    const args = new Arguments(rest)
    if (args.words.length < command.needs) {
      console.error(own)
      return 1
    }
    await command.run(args)
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n${own}`)
      return 1
    }
    if (error instanceof Failure) {
      console.error(error.message)
      return error.exitCode
    }
    const code = error instanceof NervusDBError ? ` (${error.code})` : ''
    console.error(`nervusdb: ${(error as Error).message}${code}`)
    return 1
  }
}

// A reader of our output that goes away, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
process.exitCode = await main(process.argv.slice(2))
