import { MemoryStorage } from '../storage/memory.js';
import type { Place } from './platform.js';

/** A database in memory: nobody else can have it, and it is gone when it is closed. */
export class MemoryPlace implements Place {
    readonly storage = new MemoryStorage();

    identity(): undefined {
        return undefined;
    }

    generation(): string {
        return '';
    }

    epoch(): string {
        return '';
    }

    lockWriter(): boolean {
        return true;
    }

    unlockWriter(): void {}

    writer(): string {
        return 'this process';
    }

    created(): void {}

    registerReader(): () => void {
        return () => {};
    }

    dispose(): void {
        this.storage.dispose();
    }
}
