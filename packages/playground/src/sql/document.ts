import type { Doc } from '../documents/document.js'
import type { Workspace } from '../workspace.js'
export class SqlDoc { static async open(_w: Workspace, _p: string): Promise<Doc> { throw new Error('x') } }
