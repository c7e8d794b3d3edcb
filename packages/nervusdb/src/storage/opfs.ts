import { NervusDBError } from '../errors.js';
import { OpenFlags, posixError, type Storage } from './storage.js';

/** What this needs of a handle; TypeScript's browser types lack it outside of workers. */
interface SyncHandle {
    read(buffer: Uint8Array, options: { at: number }): number;
    write(buffer: Uint8Array, options: { at: number }): number;
    truncate(size: number): void;
    flush(): void;
    getSize(): number;
    close(): void;
}

/** Before the contents of each slot: magic, length of the name, the name, and their checksum. */
const HEADER = 1024;
const MAGIC = 0x544c534e;
/** Slots kept ready: files are made while the engine runs, and handles can only be got between its calls. */
const SPARE = 32;
const AT_ONCE = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A file of the browser's private file system, which holds one of ours or waits for one. */
class Slot {
    name: string | undefined;
    users = 0;
    isDirty = false;

    constructor(readonly handle: SyncHandle) {
        this.name = readName(handle);
    }

    /** Gives it to a name, or takes it back. Durable with the next flush. */
    assign(name: string | undefined): void {
        this.name = name;
        this.handle.truncate(HEADER);
        writeAll(this.handle, header(name), 0);
        this.isDirty = true;
    }

    flush(): void {
        this.handle.flush();
        this.isDirty = false;
    }
}

/**
 * Files in OPFS, through synchronous handles; works in dedicated workers. The handles exclude every other tab and worker.
 *
 * Getting a handle takes a promise, which the engine cannot wait for. So there is a stock of slots; each says at its beginning which
 * file it holds. One flush makes a file and its name durable together.
 */
export class OpfsStorage implements Storage {
    readonly #directory: FileSystemDirectoryHandle;
    readonly #slots: Slot[] = [];
    readonly #byName = new Map<string, Slot>();
    readonly #free: Slot[] = [];
    readonly #open = new Map<number, Slot>();
    #nextFile = 1;
    #nextSlot = 0;
    #isDisposed = false;

    private constructor(directory: FileSystemDirectoryHandle) {
        this.#directory = directory;
    }

    /** Opens the files of a directory. */
    static async open(directory: FileSystemDirectoryHandle): Promise<OpfsStorage> {
        const storage = new OpfsStorage(directory);
        try {
            const names: string[] = [];
            for await (const name of (directory as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
            const numbers = names.map((name) => /^slot-(\d+)$/.exec(name)?.[1]).filter((number) => number !== undefined).map(Number);
            storage.#nextSlot = Math.max(-1, ...numbers) + 1;
            await storage.#acquire(numbers);
            await storage.maintain();
            return storage;
        } catch (error) {
            storage.dispose();
            throw error;
        }
    }

    async #acquire(numbers: readonly number[]): Promise<void> {
        for (let from = 0; from < numbers.length; from += AT_ONCE) {
            const part = numbers.slice(from, from + AT_ONCE);
            const results = await Promise.allSettled(part.map((number) => syncHandle(this.#directory, `slot-${number}`)));
            for (const result of results) if (result.status === 'fulfilled') this.#add(new Slot(result.value));
            const failed = results.find((result) => result.status === 'rejected');
            if (failed !== undefined) throw failed.reason;
        }
    }

    #add(slot: Slot): void {
        if (this.#isDisposed) {
            slot.handle.close();
            return;
        }
        this.#slots.push(slot);
        if (slot.name === undefined) this.#free.push(slot);
        else this.#byName.set(slot.name, slot);
    }

    /** Fills the stock of slots. */
    async maintain(): Promise<void> {
        const missing = SPARE - this.#free.length;
        if (missing <= 0 || this.#isDisposed) return;
        const numbers = Array.from({ length: missing }, () => this.#nextSlot++);
        await this.#acquire(numbers);
    }

    open(name: string, flags: number): number {
        let slot = this.#byName.get(name);
        if (slot === undefined) {
            if ((flags & OpenFlags.create) === 0) throw posixError('ENOENT', `no such file: ${name}`);
            slot = this.#free.pop();
            if (slot === undefined) {
                throw posixError('EMFILE', 'no file handle is left in the stock; await flush() between large batches, which fills it');
            }
            slot.assign(name);
            this.#byName.set(name, slot);
        } else if ((flags & OpenFlags.createNew) !== 0) {
            throw posixError('EEXIST', `the file exists: ${name}`);
        }
        slot.users++;
        this.#open.set(this.#nextFile, slot);
        return this.#nextFile++;
    }

    close(file: number): void {
        const slot = this.#open.get(file);
        if (slot === undefined) return;
        this.#open.delete(file);
        slot.users--;
        this.#recycle(slot);
    }

    /** A deleted file goes with its last user. */
    #recycle(slot: Slot): void {
        if (slot.users > 0 || slot.name !== undefined || this.#free.includes(slot)) return;
        slot.handle.truncate(HEADER);
        this.#free.push(slot);
    }

    read(file: number, target: Uint8Array, offset: number): number {
        return this.#slot(file).handle.read(target, { at: HEADER + offset });
    }

    write(file: number, source: Uint8Array, offset: number): void {
        writeAll(this.#slot(file).handle, source, HEADER + offset);
    }

    truncate(file: number, length: number): void {
        this.#slot(file).handle.truncate(HEADER + length);
    }

    sync(file: number): void {
        this.#slot(file).flush();
    }

    length(file: number): number {
        return Math.max(0, this.#slot(file).handle.getSize() - HEADER);
    }

    exists(name: string): boolean {
        return this.#byName.has(name);
    }

    delete(name: string): void {
        const slot = this.#byName.get(name);
        if (slot === undefined) throw posixError('ENOENT', `no such file: ${name}`);
        this.#byName.delete(name);
        slot.name = undefined;
        writeAll(slot.handle, header(undefined), 0);
        slot.isDirty = true;
        this.#recycle(slot);
    }

    list(prefix: string): string[] {
        return [...this.#byName.keys()].filter((name) => name.startsWith(prefix));
    }

    syncNames(): void {
        for (const slot of this.#slots) if (slot.isDirty) slot.flush();
    }

    dispose(): void {
        this.#isDisposed = true;
        for (const slot of this.#slots) slot.handle.close();
        this.#slots.length = 0;
        this.#byName.clear();
        this.#open.clear();
        this.#free.length = 0;
    }

    #slot(file: number): Slot {
        const slot = this.#open.get(file);
        if (slot === undefined) throw posixError('EBADF', `no open file has the number ${file}`);
        return slot;
    }
}

async function syncHandle(directory: FileSystemDirectoryHandle, name: string): Promise<SyncHandle> {
    const file = await directory.getFileHandle(name, { create: true });
    const open = (file as unknown as { createSyncAccessHandle?: () => Promise<SyncHandle> }).createSyncAccessHandle;
    if (open === undefined) {
        throw new NervusDBError('UNSUPPORTED', 'files need a dedicated worker: open the database in one, or open :memory: here');
    }
    try {
        return await open.call(file);
    } catch (cause) {
        if ((cause as Error).name !== 'NoModificationAllowedError') throw cause;
        throw new NervusDBError('LOCKED', 'the database is in use: another tab or worker has it open; close it there (exclusive lock)', { cause });
    }
}

function header(name: string | undefined): Uint8Array {
    const bytes = new Uint8Array(HEADER);
    if (name === undefined) return bytes;
    const text = encoder.encode(name);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, text.length, true);
    bytes.set(text, 12);
    view.setUint32(8, checksum(text), true);
    return bytes;
}

/** The name in a slot's header; undefined if it waits for one, or was never written whole. */
function readName(handle: SyncHandle): string | undefined {
    const bytes = new Uint8Array(HEADER);
    if (handle.read(bytes, { at: 0 }) < HEADER) return undefined;
    const view = new DataView(bytes.buffer);
    const length = view.getUint32(4, true);
    if (view.getUint32(0, true) !== MAGIC || length > HEADER - 12) return undefined;
    const text = bytes.subarray(12, 12 + length);
    return checksum(text) === view.getUint32(8, true) ? decoder.decode(text) : undefined;
}

/** FNV-1a. */
function checksum(bytes: Uint8Array): number {
    let sum = 0x811c9dc5;
    for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
    return sum >>> 0;
}

function writeAll(handle: SyncHandle, source: Uint8Array, at: number): void {
    let written = 0;
    while (written < source.length) {
        const count = handle.write(source.subarray(written), { at: at + written });
        if (count === 0) throw posixError('ENOSPC', 'the browser stores no more');
        written += count;
    }
}
