export {}
import '../../tarbox/src/worker.js'
