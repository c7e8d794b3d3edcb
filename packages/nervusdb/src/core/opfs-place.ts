import { NervusDBError } from '../errors.js';
import { OpfsStorage } from '../storage/opfs.js';
import type { PlaceOptions } from './platform.js';
import { SolePlace } from './sole-place.js';

/** A database in the browser's private file system: the directory `<path>.pages`, whose handles let one worker have it at a time. */
export class OpfsPlace extends SolePlace<OpfsStorage> {
    static async locate(path: string, options: PlaceOptions): Promise<{ place: OpfsPlace; isNew: boolean }> {
        const storage = (globalThis.navigator as Navigator | undefined)?.storage;
        if (typeof storage?.getDirectory !== 'function') {
            throw new NervusDBError('UNSUPPORTED', 'this browser has no private file system; open :memory: instead');
        }
        const parts = `${options.indexDirectory ?? `${path}.pages`}`.split('/').filter((part) => part !== '' && part !== '.');
        if (parts.includes('..')) throw new NervusDBError('INVALID_ARGUMENT', `the path ${path} leads out of the private file system`);
        let directory = await storage.getDirectory();
        for (const [index, part] of parts.entries()) {
            const isLast = index === parts.length - 1;
            try {
                directory = await directory.getDirectoryHandle(part, { create: isLast && !options.mustExist });
            } catch (cause) {
                const code = isLast ? 'NOT_FOUND' : 'ENOENT';
                throw new NervusDBError(code, `there is no ${isLast ? 'database' : 'directory'} at ${parts.slice(0, index + 1).join('/')}`, { cause });
            }
        }
        const files = await OpfsStorage.open(directory);
        return { place: new OpfsPlace(files), isNew: !['graph/manifest-0', 'graph/manifest-1'].some((name) => files.exists(name)) };
    }

    writer(): string {
        return 'this worker';
    }

    maintain(): Promise<void> {
        return this.storage.maintain();
    }
}
