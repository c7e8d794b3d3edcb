import assert from 'node:assert'
import Mocha from 'mocha'
const mocha = new Mocha({ reporter: 'tap', timeout: 5000 })
const suite = Mocha.Suite.create(mocha.suite, 'things')
suite.beforeEach(() => {})
suite.addTest(new Mocha.Test('passes', () => assert.equal(1, 1)))
suite.addTest(new Mocha.Test('waits', async () => new Promise((resolve) => setTimeout(resolve, 5))))
suite.addTest(new Mocha.Test('calls back', (done) => setImmediate(done)))
suite.addTest(new Mocha.Test('is pending'))
const runner = mocha.run((failures) => console.log('failures', failures))
runner.on('end', () => console.log('end', runner.stats.passes, runner.stats.pending))
