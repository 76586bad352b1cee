// Reading passwords from a terminal, which does not show them. Line editing as people
// expect it: the terminal does none while it hides.

/** What is needed of a terminal. */
export interface Terminal {
  setRawMode(isRaw: boolean): unknown;
  setEncoding(encoding: "utf8"): unknown;
  on(event: "data", listener: (text: string) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "data", listener: (text: string) => void): unknown;
  off(event: "end", listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface HiddenQuestions {
  readonly terminal: Terminal;
  /** Asked one after the other. */
  readonly questions: readonly string[];
  readonly write: (text: string) => Promise<void>;
}

/** The answers. Undefined: Ctrl-C, or nothing comes any more. The terminal hides from the first question to the last answer. */
export function askHidden({
  terminal,
  questions,
  write,
}: HiddenQuestions): Promise<readonly string[] | undefined> {
  const typing = new Typing();
  const [first = ""] = questions;
  terminal.setRawMode(true);
  terminal.setEncoding("utf8");
  return new Promise((resolve) => {
    const finish = (lines: readonly string[] | undefined) => {
      terminal.off("data", take);
      terminal.off("end", giveUp);
      terminal.setRawMode(false);
      terminal.pause();
      resolve(lines);
    };
    const giveUp = () => {
      void write("\n");
      finish(undefined);
    };
    const take = (text: string) => {
      for (const character of plainCharacters(text)) {
        if (typing.take(character)) void write(`\n${questions[typing.lines.length] ?? ""}`);
        if (typing.isGivenUp) return giveUp();
        if (typing.lines.length === questions.length) return finish(typing.lines);
      }
    };
    terminal.on("data", take);
    terminal.on("end", giveUp);
    terminal.resume();
    void write(first);
  });
}

const ESCAPE = "\u001b";
/** What follows an escape: arrow keys and the like. */
const KEY = /^(?:\[[\d;?]*[ -/]*[@-~]|O.|.)?/su;

/** Without the keys that mean nothing here; a line's end is one character. */
function plainCharacters(text: string): string[] {
  const [first = "", ...keys] = text.replaceAll("\r\n", "\r").split(ESCAPE);
  return [first, ...keys.map((rest) => rest.replace(KEY, ""))].flatMap((part) => [...part]);
}

const END_OF_LINE = /^[\r\n]$/;
const CONTROL_C = "\u0003";
const CONTROL_D = "\u0004";
const ERASE = /^[\b\u007f]$/;
const CONTROL_U = "\u0015"; // erases the line

class Typing {
  readonly lines: string[] = [];
  isGivenUp = false;
  #line: string[] = [];

  /** True: a line has ended. */
  take(character: string): boolean {
    if (END_OF_LINE.test(character) || (character === CONTROL_D && this.#line.length > 0)) {
      this.lines.push(this.#line.join(""));
      this.#line = [];
      return true;
    }
    if (character === CONTROL_C || character === CONTROL_D) this.isGivenUp = true;
    else if (ERASE.test(character)) this.#line.pop();
    else if (character === CONTROL_U) this.#line = [];
    else if (!/\p{Cc}/u.test(character)) this.#line.push(character);
    return false;
  }
}
