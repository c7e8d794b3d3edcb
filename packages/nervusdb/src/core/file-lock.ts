import * as fs from 'node:fs';
import { codeOf } from '../errors.js';

interface Holder {
    readonly pid: number;
    readonly startedAt: number;
}

/** Locks to remove when the process ends in an orderly way. */
const held = new Set<FileLock>();
const onExit = (): void => held.forEach((lock) => lock.release());
const onSignal = (signal: NodeJS.Signals): void => {
    onExit();
    // Others that listen decide themselves; a signal nobody else wants ends the process as if no one had listened.
    if (process.listenerCount(signal) === 0) process.exit(signal === 'SIGINT' ? 130 : 143);
};

/** A lock between processes: a file that says who holds it. One left behind by a dead process is taken over. */
export class FileLock {
    readonly #path: string;
    readonly #leavesOnExit: boolean;
    #isHeld = false;

    constructor(path: string, options?: { leavesOnExit: boolean }) {
        this.#path = path;
        this.#leavesOnExit = options?.leavesOnExit ?? false;
    }

    /** Takes the lock; false if another process, or another part of this one, has it. */
    take(): boolean {
        if (this.#isHeld) return true;
        if (!this.#create() && !(this.#removeStale() && this.#create())) return false;
        this.#isHeld = true;
        if (this.#leavesOnExit) listen(this);
        return true;
    }

    release(): void {
        if (!this.#isHeld) return;
        this.#isHeld = false;
        fs.rmSync(this.#path, { force: true });
        unlisten(this);
    }

    /** Who has it, in words. */
    holder(): string {
        const holder = this.#read();
        if (holder === undefined) return 'another process';
        return holder.pid === process.pid ? 'this process' : `process ${holder.pid}`;
    }

    /** Makes the file together with its content, so that nobody sees one without the other. */
    #create(): boolean {
        const draft = `${this.#path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
        const holder: Holder = { pid: process.pid, startedAt: Date.now() };
        try {
            fs.writeFileSync(draft, JSON.stringify(holder), { flag: 'wx' });
        } catch (error) {
            // Without its directory there is nothing yet to keep apart.
            if (codeOf(error) === 'ENOENT') return true;
            // Who cannot write here cannot become a writer.
            if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM' || codeOf(error) === 'EROFS') return false;
            throw error;
        }
        try {
            fs.linkSync(draft, this.#path);
            return true;
        } catch (error) {
            if (codeOf(error) === 'EEXIST') return false;
            return this.#createWithoutLinks(holder);
        } finally {
            fs.rmSync(draft, { force: true });
        }
    }

    /** For file systems without hard links. */
    #createWithoutLinks(holder: Holder): boolean {
        try {
            fs.writeFileSync(this.#path, JSON.stringify(holder), { flag: 'wx' });
            return true;
        } catch (error) {
            if (codeOf(error) === 'EEXIST') return false;
            throw error;
        }
    }

    #read(): Holder | undefined {
        try {
            const holder = JSON.parse(fs.readFileSync(this.#path, 'utf8')) as Holder;
            return Number.isInteger(holder.pid) ? holder : undefined;
        } catch {
            return undefined;
        }
    }

    /** Moves a dead process's lock out of the way. Of several who try, the one whose move succeeds has done it. */
    #removeStale(): boolean {
        const holder = this.#read();
        if (holder === undefined || isAlive(holder)) return false;
        const aside = `${this.#path}.stale.${process.pid}.${Math.random().toString(36).slice(2)}`;
        try {
            fs.renameSync(this.#path, aside);
            const moved = JSON.parse(fs.readFileSync(aside, 'utf8')) as Holder;
            const isTheSame = moved.pid === holder.pid && moved.startedAt === holder.startedAt;
            // Someone was quicker, and this is the new holder's.
            if (!isTheSame) fs.linkSync(aside, this.#path);
            return isTheSame;
        } catch {
            return false;
        } finally {
            fs.rmSync(aside, { force: true });
        }
    }
}

function isAlive(holder: Holder): boolean {
    try {
        process.kill(holder.pid, 0);
    } catch (error) {
        return codeOf(error) === 'EPERM';
    }
    return true;
}

function listen(lock: FileLock): void {
    if (held.size === 0) {
        process.on('exit', onExit);
        process.once('SIGINT', onSignal);
        process.once('SIGTERM', onSignal);
    }
    held.add(lock);
}

function unlisten(lock: FileLock): void {
    if (!held.delete(lock) || held.size > 0) return;
    process.off('exit', onExit);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
}
