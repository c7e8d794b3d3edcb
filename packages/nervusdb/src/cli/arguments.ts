/** The words and flags of a command line. */
export class Arguments {
    readonly words: string[] = [];
    readonly #flags = new Map<string, string>();

    constructor(given: readonly string[]) {
        for (let index = 0; index < given.length; index++) {
            const word = given[index] as string;
            if (!word.startsWith('--')) {
                this.words.push(word);
                continue;
            }
            const [name = '', value] = word.slice(2).split(/=(.*)/s);
            this.#flags.set(name, value ?? '');
        }
    }

    has(name: string): boolean {
        return this.#flags.has(name);
    }

    /** The value of a flag; `fallback` if it is there without one, undefined if it is not there. */
    text(name: string, fallback = ''): string | undefined {
        const value = this.#flags.get(name);
        return value === '' ? fallback : value;
    }

    number(name: string, fallback?: number): number | undefined {
        const text = this.#flags.get(name);
        if (text === undefined) return undefined;
        if (text === '' && fallback !== undefined) return fallback;
        const value = Number(text);
        if (text === '' || !Number.isFinite(value)) throw new UsageError(`--${name} needs a number, not ${JSON.stringify(text)}`);
        return value;
    }

    /** Refuses flags nobody knows: a mistyped one is better told than ignored. */
    allow(...names: string[]): this {
        for (const name of this.#flags.keys()) {
            if (!names.includes(name)) {
                const known = names.length === 0 ? 'it has none' : `there are ${names.map((known) => `--${known}`).join(', ')}`;
                throw new UsageError(`unknown option --${name}; ${known}`);
            }
        }
        return this;
    }
}

/** A command line that cannot be run: the usage is shown, and the exit code is 1. */
export class UsageError extends Error {}

/** A command that has failed in its own way: the message is shown, with this exit code. */
export class Failure extends Error {
    constructor(
        message: string,
        readonly exitCode: number,
    ) {
        super(message);
    }
}

/** A report as JSON. */
export function report(value: unknown): void {
    console.log(JSON.stringify(value, null, 2));
}
