// Times in the words of a reason.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS = [
  { ms: DAY, word: "day", letter: "d" },
  { ms: HOUR, word: "hour", letter: "h" },
  { ms: MINUTE, word: "minute", letter: "m" },
  { ms: SECOND, word: "second", letter: "s" },
] as const;

/** How long something lasts by now: "40 days", "1 hour". */
export function ageWords(ms: number): string {
  const { ms: unit, word } = UNITS.find((candidate) => ms >= candidate.ms) ?? UNITS[3];
  const count = Math.max(0, Math.floor(ms / unit));
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** How long something may last, in the largest unit that says it exactly: "30d", "36h". */
export function windowWords(ms: number): string {
  const unit = UNITS.find((candidate) => ms >= candidate.ms && ms % candidate.ms === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit.ms}${unit.letter}`;
}
