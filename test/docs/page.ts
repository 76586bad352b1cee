// A page of docs/ as its tests see it: the fenced blocks, each with what it is.
import { readFile } from "node:fs/promises";

/** A fenced block. */
export interface Block {
  /** "ts", "json", … */
  readonly language: string;
  /** The file name in its first line, which is a comment. Absent: it has none. */
  readonly name?: string;
  readonly text: string;
}

const FENCE = /^```(\w+)\n(.*?)^```$/gms;
const NAME = /^(?:\/\/|#) ([\w-]+\.\w+)/;

/** The page and what stands in it. */
export class Page {
  readonly text: string;
  readonly blocks: readonly Block[];

  private constructor(text: string) {
    this.text = text;
    this.blocks = [...text.matchAll(FENCE)].map(([, language = "", content = ""]) => {
      const name = NAME.exec(content)?.[1];
      return { language, text: content, ...(name !== undefined && { name }) };
    });
  }

  /** Absent name: docs/events.md. */
  static async read(name = "events.md"): Promise<Page> {
    return new Page(await readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8"));
  }

  /** What stands below this heading of the second level. */
  section(heading: string): Page {
    const found = this.text.split(/^(?=## )/m).find((text) => text.startsWith(`## ${heading}\n`));
    if (found === undefined) throw new Error(`there is no section "${heading}"`);
    return new Page(found);
  }

  /** The block that begins with this file name. */
  named(name: string): string {
    const found = this.blocks.filter((block) => block.name === name);
    const [first, ...others] = found;
    if (first === undefined || others.length > 0) throw new Error(`${found.length} blocks are ${name}`);
    return first.text;
  }

  inLanguage(language: string): readonly Block[] {
    return this.blocks.filter((block) => block.language === language);
  }

  /** The JSON examples that have this member. */
  examplesWith(member: string): readonly Document[] {
    return this.inLanguage("json")
      .map(({ text }): Document => JSON.parse(text))
      .filter((document) => member in document);
  }

  /** The cells of all table rows, without the lines below the headings. */
  get rows(): readonly (readonly string[])[] {
    return [...this.text.matchAll(/^\| (.*) \|$/gm)].map(([, row = ""]) =>
      row.split(" | ").map((cell) => cell.trim()),
    );
  }
}

/** An object of JSON. */
export type Document = Readonly<Record<string, unknown>>;
