// Making text fit in a narrow place; "…" stands for what is left out.

/** Leaves out of the middle: the end of a name tells most, its beginning comes next. */
export function cutMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.ceil((width - 1) * 0.6);
  return `${text.slice(0, Math.max(0, width - 1 - end))}…${end > 0 ? text.slice(-end) : ""}`;
}

/** Leaves out the end. */
export function cutEnd(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Digests are known by their first digits alone. */
export function withoutAlgorithm(text: string): string {
  return text.replace(/\bsha(?:256|512):(?=[0-9a-f]{12})/g, "");
}
