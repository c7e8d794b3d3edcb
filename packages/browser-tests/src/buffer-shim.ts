// isomorphic-git asks for Node.js' Buffer.
export { Buffer } from 'buffer'
