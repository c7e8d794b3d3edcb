const { Command } = require('commander')
const program = new Command('tool').version('1.2.3').description('a tool').exitOverride()
program.option('-n, --number <n>', 'a number', Number, 3).option('--no-colour', 'none').argument('[rest...]')
program
  .command('build <file>')
  .alias('b')
  .option('-o <out>')
  .action((file, options) => console.log('build', file, options))
program.action((rest, options) => console.log(rest, options))
program.parse(['node', 'tool', 'x', '-n', '5', '--no-colour', 'y'])
program.parse(['node', 'tool', 'b', 'in.js', '-o', 'out.js'])
console.log(program.helpInformation())
for (const args of [['--nope'], ['build'], ['--version']]) {
  try {
    program.parse(['node', 'tool', ...args])
  } catch (error) {
    console.log(error.code, error.exitCode)
  }
}
