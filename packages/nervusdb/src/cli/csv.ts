/** Records of comma-separated values, from pieces of text of any size. Quoted fields may hold anything. */
export class CsvReader {
    readonly #delimiter: string;
    #fields: string[] = [];
    #field = '';
    #state: 'start' | 'plain' | 'quoted' | 'quote' = 'start';

    constructor(delimiter: string) {
        this.#delimiter = delimiter;
    }

    /** The records that end in this piece. */
    *read(piece: string): Generator<string[], void> {
        for (const char of piece) {
            if (this.#state === 'quoted') {
                if (char === '"') this.#state = 'quote';
                else this.#field += char;
            } else if (char === '"' && this.#state === 'start') this.#state = 'quoted';
            else if (char === '"' && this.#state === 'quote') {
                this.#field += char;
                this.#state = 'quoted';
            } else if (char === this.#delimiter) this.#end();
            else if (char === '\n') yield* this.finish();
            else if (char !== '\r') {
                this.#field += char;
                this.#state = 'plain';
            }
        }
    }

    /** The last record, if the text does not end in a line break. */
    *finish(): Generator<string[], void> {
        if (this.#state === 'start' && this.#fields.length === 0) return;
        this.#end();
        const fields = this.#fields;
        this.#fields = [];
        yield fields;
    }

    #end(): void {
        this.#fields.push(this.#field);
        this.#field = '';
        this.#state = 'start';
    }
}

/** A field as CSV writes it. */
export function csvField(text: string): string {
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
