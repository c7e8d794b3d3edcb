/** A parsed statement: terms as the database keeps them, and the graph of a quad. */
export interface Statement {
    subject: string;
    predicate: string;
    object: string;
    graph?: string;
}

/**
 * How terms of RDF are kept: an IRI as its text, a blank node as `_:name`, a literal as N-Triples writes it, with its quotes. So
 * no two different terms become one string.
 */
const TERM = /[ \t]*(?:<([^<>"{}|^`\\\x00-\x20]*(?:\\[uU][0-9A-Fa-f]+[^<>"{}|^`\\\x00-\x20]*)*)>|(_:[^\s<"]+?)(?=\.?(?:[\s<"]|$))|("(?:[^"\\\n\r]|\\.)*")(@[A-Za-z]+(?:-[A-Za-z0-9]+)*|\^\^<[^<>]*>)?)/y;
const END = /[ \t]*\.[ \t]*(?:#.*)?$/y;
const NOTHING = /^[ \t]*(?:#.*)?$/;
/** What marks a string that is no term of RDF. */
const OTHER = 'urn:nervusdb:';

/** Reads a line of N-Triples or N-Quads; undefined for a line without a statement. */
export function parseLine(line: string): Statement | undefined {
    if (NOTHING.test(line)) return undefined;
    let at = 0;
    const term = (): string | undefined => {
        TERM.lastIndex = at;
        const match = TERM.exec(line);
        if (match === null) return undefined;
        at = TERM.lastIndex;
        const [, iri, blank, literal, suffix = ''] = match;
        if (iri !== undefined) return fromIri(iri.includes('\\') ? unescape(iri) : iri);
        if (blank !== undefined) return blank;
        return (literal?.includes('\\') === true ? `"${unescape(literal.slice(1, -1))}"` : literal) + suffix;
    };
    const need = (what: string): string => {
        const found = term();
        if (found === undefined) throw new Error(`the ${what} is missing or malformed at column ${at + 1}`);
        return found;
    };
    const statement: Statement = { subject: need('subject'), predicate: need('predicate'), object: need('object') };
    const graph = term();
    END.lastIndex = at;
    if (!END.test(line)) throw new Error(`expected . at column ${at + 1}`);
    return graph === undefined ? statement : { ...statement, graph };
}

/** A line of N-Triples. */
export function formatLine({ subject, predicate, object }: Statement): string {
    return `${node(subject)} ${node(predicate)} ${isLiteral(object) ? literalOf(object) : node(object)} .`;
}

const LITERAL = /^"([^]*)"(@[A-Za-z]+(?:-[A-Za-z0-9]+)*|\^\^<[^<>]*>)?$/;

function isLiteral(text: string): boolean {
    return LITERAL.test(text);
}

function literalOf(text: string): string {
    const [, value = '', suffix = ''] = LITERAL.exec(text) ?? [];
    return `"${escape(value)}"${suffix}`;
}

/** Any string as an IRI or a blank node; those that are none are percent-encoded in an IRI of ours. */
function node(text: string): string {
    if (/^_:[^\s<>"]+$/.test(text)) return text;
    const isIri = /^[A-Za-z][A-Za-z0-9+.-]*:[^<>"{}|^`\\\x00-\x20]*$/.test(text) && !text.startsWith(OTHER);
    return isIri ? `<${text}>` : `<${OTHER}${encodeURIComponent(text)}>`;
}

function fromIri(iri: string): string {
    return iri.startsWith(OTHER) ? decodeURIComponent(iri.slice(OTHER.length)) : iri;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', b: '\b', n: '\n', r: '\r', f: '\f', '"': '"', "'": "'", '\\': '\\' };

function unescape(text: string): string {
    return text.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (whole, short?: string, long?: string, other?: string) => {
        const code = short ?? long;
        if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
        const plain = ESCAPES[other ?? ''];
        if (plain === undefined) throw new Error(`unknown escape ${whole}`);
        return plain;
    });
}

function escape(text: string): string {
    return text.replace(/["\\\n\r\t]/g, (char) => ({ '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[char] ?? char);
}
